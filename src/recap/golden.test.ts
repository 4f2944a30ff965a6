import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { advantageIndicators } from "./advantage-indicator.ts";
import { advantages } from "./advantages.ts";
import { returns } from "./returns.ts";
import { rewards } from "./rewards.ts";
import { normalizedReturns, normalizedRewards, taskScales } from "./task-scale.ts";
import { taskThresholds } from "./thresholds.ts";
import { expectedValues, hardTargets, twoHotTargets } from "./value-bins.ts";

interface Golden {
  readonly horizon: number;
  readonly fractions: Record<string, number>;
  readonly thresholds: Record<string, number>;
  readonly episodes: readonly {
    readonly task: number;
    readonly length: number;
    readonly success: boolean;
    readonly rewards: number[];
    readonly returns: number[];
    readonly targets: number[];
    readonly hard: number[];
    readonly twoHot: Record<string, Record<string, number>>;
    readonly probabilities: Record<string, number[]>;
    readonly expected: Record<string, number>;
    readonly values: number[];
    readonly advantages: number[];
    readonly monteCarlo: number[];
    readonly forced: number[];
    readonly indicators: number[];
  }[];
}

const path = new URL("../../test/golden/recap/numbers.json", import.meta.url);
const golden = JSON.parse(readFileSync(path, "utf8")) as Golden;

function expectClose(actual: Float64Array | Float32Array, expected: readonly number[], tolerance = 1e-12): void {
  expect(actual.length).toBe(expected.length);
  const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - actual[at]!)), 0);
  expect(worst).toBeLessThan(tolerance);
}

test("every number of the method equals the numpy implementation's", () => {
  const { episodes, horizon } = golden;
  const scales = taskScales(
    episodes.map(({ task }) => task),
    episodes.map(({ length }) => length),
  );
  const labelled = episodes.map((episode) => {
    const scale = scales.get(episode.task)!;
    const reward = rewards(episode.length, episode.success, scale.failureCost);
    expectClose(reward, episode.rewards, 1e-9);
    const sums = returns(reward);
    expectClose(sums, episode.returns, 1e-9);
    const targets = normalizedReturns(sums, episode.success, scale);
    expectClose(targets, episode.targets);
    expect([...hardTargets(targets)]).toEqual(episode.hard);
    for (const [t, weights] of Object.entries(episode.twoHot)) {
      const row = Array.from({ length: 201 }, (_, bin) => weights[bin] ?? 0);
      expectClose(twoHotTargets(targets.subarray(Number(t), Number(t) + 1)), row, 1e-6);
    }
    for (const [t, probabilities] of Object.entries(episode.probabilities))
      expectClose(expectedValues(Float64Array.from(probabilities)), [episode.expected[t]!]);
    const normalized = normalizedRewards(reward, scale);
    const values = Float64Array.from(episode.values);
    expectClose(advantages(normalized, values, Infinity), episode.monteCarlo);
    const advantage = advantages(normalized, values, horizon);
    expectClose(advantage, episode.advantages);
    return advantage;
  });
  const all = Float64Array.from(labelled.flatMap((advantage) => [...advantage]));
  const tasks = episodes.flatMap(({ task, length }) => new Array<number>(length).fill(task));
  const fractions = new Map(Object.entries(golden.fractions).map(([task, value]) => [Number(task), value]));
  const thresholds = taskThresholds(all, tasks, fractions);
  for (const [task, value] of thresholds) expect(value).toBeCloseTo(golden.thresholds[task]!, 12);
  const forced = Uint8Array.from(episodes.flatMap((episode) => episode.forced));
  expect([...advantageIndicators(all, tasks, thresholds, forced)]).toEqual(
    episodes.flatMap((episode) => episode.indicators),
  );
});
