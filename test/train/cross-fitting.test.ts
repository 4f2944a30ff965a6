// Cross-fitting: each episode's values come from a value function that has not learned from it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readLabels } from "../../src/data/index.ts";
import { isInFold } from "../../src/policy/index.ts";
import { type LabelOptions, labelDataset, learnedValues, trainValue, type ValueResult } from "../../src/train/index.ts";
import { tinyDataset } from "./tiny-dataset.ts";

let folder: string;
const path = (name: string) => join(folder, name);
const folds = ["1/2", "2/2"] as const;
const cache = () => path("cache");

/** @param data name of the dataset */
const train = (data: string, fold: string): Promise<ValueResult> =>
  trainValue({
    run: path(`${data} ${fold.replace("/", "-")}`),
    datasets: [{ root: path(data) }],
    options: { fold, steps: 6, batchSize: 4, validateEvery: 3, validationFrames: 16, workers: 0, cache: cache() },
  });

/** A copy of a fold's checkpoint that does not say its fold, so it values every episode. */
function unfolded({ best }: ValueResult): string {
  const copy = `${best}-unfolded`;
  cpSync(best, copy, { recursive: true });
  const config = join(copy, "config.json");
  const { fold: _, ...rest } = JSON.parse(readFileSync(config, "utf8")) as Record<string, unknown>;
  writeFileSync(config, JSON.stringify(rest));
  return copy;
}

async function label(checkpoints: readonly string[], options: Partial<LabelOptions> = {}): Promise<Float32Array> {
  const values = learnedValues(checkpoints);
  await labelDataset({ dataset: path("clean"), values, options: { ...options, cache: cache() } });
  return (await readLabels(path("clean"), "advantages", "default")).value_current;
}

let clean: readonly [ValueResult, ValueResult];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-folds-"));
  const lengths = [16, 17, 18, 19, 20, 21];
  await tinyDataset(path("clean"), { episodes: 6, lengths });
  await tinyDataset(path("spoiled"), { episodes: 6, lengths, spoiled: (episode) => isInFold({ episode }, "1/2") });
  clean = [await train("clean", "1/2"), await train("clean", "2/2")];
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("folds part the episodes", () => {
  const of = (fold: string) => [0, 1, 2, 3, 4, 5, 6].filter((episode) => isInFold({ episode }, fold));
  expect([of("1/3"), of("2/3"), of("3/3")]).toEqual([
    [0, 3, 6],
    [1, 4],
    [2, 5],
  ]);
});

test("a value function of a fold learns nothing from that fold's episodes", async () => {
  const weights = ({ last }: ValueResult) => readFileSync(join(last, "model.safetensors"));
  expect(clean.map(({ episodes }) => episodes)).toEqual(folds.map(() => ({ train: 3, heldOut: 3 })));
  // Fold 1 was spoiled: the function without it is the same to the bit, the other one is not.
  const spoiled = [await train("spoiled", "1/2"), await train("spoiled", "2/2")] as const;
  expect(weights(spoiled[0]).equals(weights(clean[0]))).toBe(true);
  expect(weights(spoiled[1]).equals(weights(clean[1]))).toBe(false);
  await expect(train("clean", "1/9")).resolves.toMatchObject({ episodes: { train: 5, heldOut: 1 } });
  await expect(train("clean", "8/9")).rejects.toThrow("within and outside fold 8/9, got 0 and 6: use fewer folds");
}, 120_000);

test("each episode is labelled by the value function that has not seen it", async () => {
  const alone = [await label([unfolded(clean[0])]), await label([unfolded(clean[1])])];
  expect(alone[0]).not.toEqual(alone[1]);
  const both = await label(clean.map(({ best }) => best));
  const { episode_index } = await readLabels(path("clean"), "advantages", "default");
  for (const [row, episode] of episode_index.entries()) expect(both[row]).toBe(alone[episode % 2]![row]);
  await expect(label([clean[0].best])).rejects.toThrow("Episode 1: expected a value function that did not learn");
}, 120_000);

test("several value functions: their mean, or the lowest of them", async () => {
  const each = clean.map(unfolded);
  const alone = [await label([each[0]!]), await label([each[1]!])];
  const [mean, lowest] = [await label(each), await label(each, { combine: "lowest" })];
  for (const [row, a] of alone[0]!.entries()) {
    const b = alone[1]![row]!;
    expect(mean[row]).toBeCloseTo((a + b) / 2, 6);
    expect(lowest[row]).toBe(Math.min(a, b));
  }
}, 120_000);
