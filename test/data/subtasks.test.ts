// Subtasks by frame from LeRobot's column language_persistent.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDataset } from "../../src/data/index.ts";
import { hasSubtasks, readSubtasks } from "../../src/data/subtasks.ts";
import { tinyDataset } from "../train/tiny-dataset.ts";
import { addSubtasks } from "./subtasks.ts";

const root = mkdtempSync(join(tmpdir(), "pistar-subtasks-"));
afterAll(() => rmSync(root, { recursive: true }));

test("a subtask holds from its time until the next; other styles, empty texts and episodes without any are nothing", async () => {
  const path = join(root, "dots");
  await tinyDataset(path, { episodes: 2, failures: false });
  const plain = await openDataset(path);
  expect(hasSubtasks(plain)).toBe(false);
  const { length } = plain.episodes[0]!;
  await plain.close();
  const rows = [
    { content: " let go\n", timestamp: 1.1 }, // not in order
    { content: "reach", timestamp: 0.3 },
    { content: "a plan", timestamp: 0, style: "plan" },
    { content: "", timestamp: 0.5 },
    { content: null, timestamp: 0.6 },
  ];
  await addSubtasks(path, (episode) => (episode === 0 ? rows : null), 2);
  const dataset = await openDataset(path);
  expect(hasSubtasks(dataset)).toBe(true);
  // 10 frames a second; 0.3 and 1.1 are not exact in 32 bits.
  expect(await readSubtasks(dataset, 0)).toEqual(
    Array.from({ length }, (_, frame) => (frame < 3 ? undefined : frame < 11 ? "reach" : "let go")),
  );
  expect(new Set(await readSubtasks(dataset, 1))).toEqual(new Set([undefined]));
  await dataset.close();
});
