// A full disk gives an error and leaves the dataset intact. The limit is real: files of at most 600 kB (ulimit -f).
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDataset } from "./dataset.ts";
import { validateDataset } from "./validate/validate.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-full-"));
afterAll(() => rmSync(folder, { recursive: true }));
const script = resolve(import.meta.dirname, "../../test/fixtures/full-disk.ts");

test("an episode that does not fit fails, smaller ones are saved, and room later brings them into the dataset", async () => {
  const root = join(folder, "dataset");
  const command = 'ulimit -f 600 && exec "$0" --import tsx "$1" "$2"';
  const result = JSON.parse(
    execFileSync("bash", ["-c", command, process.execPath, script, root], { encoding: "utf8" }),
  ) as {
    readonly [step in "large" | "again" | "flushed" | "closed"]: string;
  } & { readonly small: readonly string[]; readonly saved: number };
  expect(result.large).toContain("EFBIG");
  expect(result.again).toContain("EFBIG");
  expect(result.small).toEqual(["", "", "", "", "", ""]);
  expect(result.flushed).toContain("6 saved episodes could not be moved into the dataset; they are kept in .recording");
  expect(result.closed).toContain("EFBIG");
  expect(result.saved).toBe(6);

  const dataset = await openDataset(root);
  expect(dataset.episodes.map(({ length }) => length)).toEqual([10, 10, 10, 10, 10, 10]);
  expect(await dataset.frames(5, "camera", [9])).toHaveLength(1);
  await dataset.close();
  expect(await validateDataset(root)).toEqual([]);
});
