// Trainings on datasets that others made: columns under other names, and no camera.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyEpisodes, openDataset, piecesOf, readLabels } from "../../src/data/index.ts";
import {
  labelDataset,
  learnedValues,
  relabelDatasets,
  trainPolicy,
  trainValue,
  valuesOfEach,
} from "../../src/train/index.ts";
import { tinyDataset } from "./tiny-dataset.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-other-data-"));
const path = (name: string) => join(folder, name);
const dots = path("dots");
const short = {
  steps: 2,
  batchSize: 4,
  validateEvery: 2,
  validationFrames: 8,
  heldOut: 0.25,
  workers: 0,
  cache: path("cache"),
};

beforeAll(async () => {
  await tinyDataset(dots, { episodes: 4 });
});
afterAll(() => rmSync(folder, { recursive: true }));

test("columns under other names are trained on and labelled as if they had LeRobot's", async () => {
  const names = { "observation.state": "joints", action: "targets", "observation.images.front": "eye" };
  const source = await openDataset(dots, { rename: names });
  const others = path("others");
  await copyEpisodes(piecesOf(source), others);
  await source.close();
  const rename = Object.entries(names).map(([name, stored]) => `${stored}=${name}`);
  const found: unknown[] = [];
  for (const [name, root, more] of [
    ["own", dots, {}],
    ["renamed", others, { rename }],
  ] as const) {
    const datasets = [{ root }];
    const [value, policy] = [path(`${name}-value`), path(`${name}-policy`)];
    await trainValue({ run: value, datasets, options: { ...short, ...more } });
    const { cache } = short;
    await labelDataset({ dataset: root, values: learnedValues([value]), options: { ...more, cache } });
    await relabelDatasets({
      datasets: [root],
      from: "default",
      options: { ...more, tag: "half", positiveFraction: 0.5 },
    });
    const options = { ...short, ...more, horizon: 4, denoisingSteps: 1, advantageIndicator: "labels" as const };
    await trainPolicy({ run: policy, datasets, options });
    const { advantage, value_current } = await readLabels(root, "advantages", "half");
    const metrics = [value, policy].map((run) =>
      readFileSync(join(run, "metrics.jsonl"), "utf8").replace(/"stepsPerSecond":[^,}]*/g, ""),
    );
    found.push([metrics, advantage, value_current]);
  }
  expect(found[1]).toEqual(found[0]);
  // The two value functions are one and the same, so the doctor finds their values equal.
  const runs = [path("own-value"), path("renamed-value")];
  const [own, renamed] = await valuesOfEach(runs, others, { rename, cache: short.cache });
  expect([own!.name, own!.of.size]).toEqual([runs[0], 4]);
  expect(renamed!.of).toEqual(own!.of);
  // Both together: the names are in place in one of them.
  const both = { ...short, steps: 1, rename };
  await trainValue({ run: path("both"), datasets: [{ root: dots }, { root: others }], options: both });
  const wrong = { ...short, rename: ["knees=observation.state"] };
  await expect(trainValue({ run: path("wrong"), datasets: [{ root: others }], options: wrong })).rejects.toThrow(
    "expected a column to rename among joints, targets, eye, complementary_info.is_intervention",
  );
}, 240_000);

test("a dataset without cameras is refused, and the refusal names the reason", async () => {
  const blind = path("blind");
  const source = await openDataset(dots);
  await copyEpisodes(piecesOf(source), blind, { without: ["observation.images.front"] });
  await source.close();
  const input = { datasets: [{ root: blind }], options: short };
  const reason = `${blind}: expected at least one camera, for the networks see; it has observation.state, action`;
  await expect(trainPolicy({ ...input, run: path("blind-policy") })).rejects.toThrow(reason);
  await expect(trainValue({ ...input, run: path("blind-value") })).rejects.toThrow(reason);
});
