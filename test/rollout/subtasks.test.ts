// What a demonstration's script says of itself is recorded with the episode, and read as the subtask of each frame.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { openDataset } from "../../src/data/index.ts";
import { hasSubtasks, readSubtasks } from "../../src/data/subtasks.ts";
import { collect, collectOptions } from "../../src/rollout/index.ts";
import { simulation } from "../../src/sim/index.ts";

// A worker starts slowly where many tests run.
vi.setConfig({ testTimeout: 180_000 });

const folder = mkdtempSync(join(tmpdir(), "pistar-said-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What each script may say. A failed try is begun again, so the order is free after the first. */
const parts: Readonly<Record<string, readonly RegExp[]>> = {
  "cube-in-bowl": [/^pick up the (red|green|blue) cube$/, /^put the (red|green|blue) cube in the bowl$/, /^move away$/],
  "stack-cubes": [/^pick up the (red|green|blue) cube$/, /^put it on the (red|green|blue) cube$/, /^move away$/],
  "push-to-target": [/^push the \w+ block$/, /^move away$/],
  "peg-in-hole": [/^pick up the peg$/, /^set the peg upright$/, /^put the peg in the \w+ block$/],
};

test.each(Object.keys(parts))(
  "%s: the script names its parts, and every frame has the one of its time",
  async (task) => {
    const out = join(folder, task);
    const options = collectOptions.parse({ out, task, episodes: 1, seed: 3, difficulty: 0.1, workers: 1 });
    const { collected } = await collect({ ...options, stations: simulation });
    const { subtasks } = collected[0]!;
    const dataset = await openDataset(out);
    expect(hasSubtasks(dataset)).toBe(true);
    const read = await readSubtasks(dataset, 0);
    await dataset.close();
    const spoken = subtasks.map(({ content }) => content!);
    expect(spoken[0]).toMatch(parts[task]![0]!);
    expect(spoken.length).toBeGreaterThan(1);
    for (const content of spoken)
      expect(
        parts[task]!.some((part) => part.test(content)),
        content,
      ).toBe(true);
    const { fps } = dataset;
    for (const [frame, subtask] of read.entries())
      expect(subtask).toBe(subtasks.findLast(({ timestamp }) => timestamp <= frame / fps + 1e-4)?.content ?? undefined);
    expect(read.filter((subtask) => subtask === undefined).length).toBeLessThan(2);
  },
);
