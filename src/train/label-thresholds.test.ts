import { expect, test } from "vitest";
import type { LeRobotDataset } from "../data/index.ts";
import { type Advantages, chooseThresholds } from "./label-thresholds.ts";

/** Episodes of 4 frames: a demonstration, one of the first policy and one of the second, each acted by itself. */
const policies = ["demonstrator", "first", "second"];
const dataset = {
  root: "data",
  episodes: policies.map((policy, index) => ({
    index,
    length: 4,
    tasks: ["stack"],
    extra: { episode_policy: policy },
  })),
  features: new Map([["complementary_info.collector_policy_id", {}]]),
  columns: async (episode: number) =>
    new Map([
      ["complementary_info.collector_policy_id", { dtype: "string", data: new Array(4).fill(policies[episode]) }],
    ]),
} as unknown as LeRobotDataset;
const labels = {
  episode_index: Int32Array.from({ length: 12 }, (_, row) => Math.floor(row / 4)),
  frame_index: Int32Array.from({ length: 12 }, (_, row) => row % 4),
  advantage_continuous: Float32Array.of(0.1, 0.2, 0.3, 0.4, 1.1, 1.2, 1.3, 1.4, -0.4, -0.3, -0.2, -0.1),
} as Advantages;

const choose = async (
  thresholdFrom: "task" | "rollouts" | "source",
  positiveFraction: number,
  parts = [{ dataset, labels }],
) => {
  const { epsilon, groupsOf } = await chooseThresholds(parts, { thresholdFrom, positiveFraction });
  const groups = await groupsOf(dataset, labels);
  return groups.map((group) => Math.round(epsilon.get(group)! * 10) / 10);
};

test("by hand: a threshold over all frames, over the newest policy's, or for each source", async () => {
  // A quarter positive: the 4th largest of 12 stays below the threshold only if it equals it, so 3 lie above 1.1.
  expect(await choose("task", 0.25)).toEqual(new Array(12).fill(1.1));
  // Half of the second policy's four frames lie above −0.3; the same threshold holds for every frame.
  expect(await choose("rollouts", 0.5)).toEqual(new Array(12).fill(-0.3));
  expect(await choose("source", 0.25)).toEqual([0.3, 1.3, -0.2].flatMap((epsilon) => new Array(4).fill(epsilon)));
});

test("a threshold is never below the least one", async () => {
  const { epsilon } = await chooseThresholds([{ dataset, labels }], {
    thresholdFrom: "rollouts",
    positiveFraction: 0.5,
    leastThreshold: 0,
  });
  expect([...epsilon]).toEqual([["stack", 0]]);
});

test("a task of demonstrations alone has no rollouts to take a threshold from", async () => {
  const demonstrations = { ...dataset, episodes: dataset.episodes.slice(0, 1) } as LeRobotDataset;
  await expect(choose("rollouts", 0.5, [{ dataset: demonstrations, labels }])).rejects.toThrow(
    'expected rollouts of a policy to take the threshold of "stack" from, got demonstrations alone',
  );
});
