// The audit on a toy world whose values are known exactly: true values, the sums of an audit, resuming, and oracle labels.
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  auditedMoments,
  auditOptions,
  type MomentRunsInput,
  runMoments,
  summariseAudit,
  trueValues,
} from "../../src/audit/index.ts";
import { openDataset, readLabels } from "../../src/data/index.ts";
import { taskScale } from "../../src/recap/index.ts";
import { collect, collectOptions } from "../../src/rollout/index.ts";
import { labelDataset, type ValueSource } from "../../src/train/index.ts";
import { after, exactValue, fps, periods, up } from "./walk.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-audit-"));
afterAll(() => rmSync(folder, { recursive: true }));
const root = join(folder, "data");
const stations = new URL("./walk.ts", import.meta.url).href;
const [walker, climber] = ["walking", "climbing"].map((name) =>
  resolve(import.meta.dirname, `../fixtures/${name}-policy.ts`),
);
const scale = taskScale(periods);
const scales = { "walk to the goal": scale };
const episodes = 12;

/** The exact value of each frame of each episode, for a policy that goes up with probability `p`. */
const exact: { readonly [policy in "walker" | "climber"]: Float64Array[] } = { walker: [], climber: [] };

const exactly = (policy: "walker" | "climber"): ValueSource => ({
  scales: async () => scales,
  of: async (data) => data.episodes.map(({ episode }) => exact[policy][episode]!),
});

beforeAll(async () => {
  const asked = collectOptions.parse({ task: "walk", policy: walker, episodes, seed: 0, workers: 1, out: root });
  const { lost } = await collect({ ...asked, stations });
  expect(lost).toEqual([]);
  const dataset = await openDataset(root);
  for (const { index, length } of dataset.episodes) {
    const columns = await dataset.columns(index, ["observation.state", "action"]);
    const [states, actions] = ["observation.state", "action"].map((name) => columns.get(name)!.data as Float32Array);
    let place = { at: states![0]!, since: 0 };
    const places = Array.from({ length }, (_, frame) => {
      const now = place;
      place = after(place, Math.sign(actions![frame]! - place.at));
      return now;
    });
    for (const [policy, p] of [["walker", up] as const, ["climber", 1] as const])
      exact[policy].push(Float64Array.from(places, (at, frame) => exactValue(at, frame, p, scale.stepsPerUnit)));
  }
  await dataset.close();
});

const input = (name: string, options: object, more: Partial<MomentRunsInput> = {}): MomentRunsInput => ({
  dataset: root,
  episodes: Array.from({ length: episodes }, (_, i) => i),
  options: auditOptions.parse({ policy: walker, every: 2 / fps, workers: 1, ...options }),
  stations,
  path: join(folder, `${name}.jsonl`),
  ...more,
});

test("the runs' mean returns are the exact values, within the noise of the runs", async () => {
  const runs = 200;
  const { rounds, lost } = await runMoments(input("many", { runs }));
  expect(lost).toEqual([]);
  const found = await auditedMoments({ dataset: root, rounds, values: exactly("walker"), lookahead: 1 });
  expect(found.moments.length).toBeGreaterThan(30);
  expect(found.moments.every((moment) => moment.frame % 2 === 0)).toBe(true);
  // In the pit all runs fail, and some are enough.
  for (const { runs: own, trueValue } of found.moments) expect(own === runs || trueValue[0] === -1).toBe(true);
  expect(new Set(found.moments.map((moment) => moment.runs)).size).toBeGreaterThan(1);
  // A return lies within −1 and 0, so its standard deviation is at most ½.
  const largest = 5 * (0.5 / Math.sqrt(runs / 2));
  for (const { episode, frame, trueValue } of found.moments)
    for (const half of trueValue) expect(Math.abs(half - exact.walker[episode]![frame]!)).toBeLessThan(largest);

  const audit = summariseAudit(found, { of: "policy", policy: "walker", valueName: "exact", troubled: 0 }, 0);
  expect(audit.value.correlation.value).toBeGreaterThan(0.97);
  expect(audit.value.correlation.value).toBeGreaterThan(audit.value.clock.value);
  expect(Math.abs(audit.value.bias.value)).toBeLessThan(0.05);
  expect(audit.value.error.value).toBeLessThan(0.06);
  expect(audit.advantage.correlation.value).toBeGreaterThan(0.9);
  expect(audit.labels).toBeNull();
});

test("a stopped audit goes on to the same bytes, with any number of workers", async () => {
  const whole = await runMoments(input("whole", { runs: 4 }));
  const stopping = new AbortController();
  const stopped = await runMoments(
    input("stopped", { runs: 4 }, { onProgress: (done) => done === 5 && stopping.abort(), signal: stopping.signal }),
  );
  expect(stopped.rounds.length).toBeLessThan(whole.rounds.length);
  // A kill may leave half a line.
  appendFileSync(join(folder, "stopped.jsonl"), '{"episode":3,"rou');
  const again = await runMoments(input("stopped", { runs: 4, workers: 2 }));
  expect(again).toEqual(whole);
  const bytes = (name: string) => readFileSync(join(folder, `${name}.jsonl`), "utf8");
  expect(bytes("stopped")).toBe(bytes("whole"));
  await expect(runMoments(input("whole", { runs: 4, every: 1 }))).rejects.toThrow("an audit with every 0.5 is there");
});

test("oracle labels of a policy without chance are the labels of its exact values", async () => {
  const { rounds } = await runMoments(input("climber", { runs: 2, every: 1 / fps, policy: climber }));
  const label = async (tag: string, values: ValueSource) => {
    const report = await labelDataset({
      dataset: root,
      values,
      options: { tag, positiveFraction: 0.4, lookahead: 0.5 },
    });
    return [{ ...report, tag: "" }, await readLabels(root, "advantages", tag)];
  };
  expect(await label("oracle", trueValues(rounds, scales))).toEqual(await label("exact", exactly("climber")));

  const some = rounds.filter(({ episode }) => episode < 5);
  await labelDataset({
    dataset: root,
    episodes: [0, 1, 2, 3, 4],
    values: trueValues(some, scales),
    options: { tag: "some" },
  });
  expect(new Set((await readLabels(root, "advantages", "some")).episode_index)).toEqual(new Set([0, 1, 2, 3, 4]));

  const found = await auditedMoments({ dataset: root, rounds, values: exactly("climber"), labels: "exact" });
  const audit = summariseAudit(
    found,
    { of: "policy", policy: "climber", valueName: "exact", troubled: 0, labels: "exact" },
    0,
  );
  expect([audit.value.error.value, audit.value.bias.value]).toEqual([expect.closeTo(0, 6), expect.closeTo(0, 6)]);
  expect([audit.value.correlation.value, audit.advantage.correlation.value]).toEqual([
    expect.closeTo(1, 6),
    expect.closeTo(1, 6),
  ]);
  expect(audit.labels!.gain.value).toBeCloseTo(audit.labels!.byTruth.value, 6);
  expect(audit.labels!.gain.value).toBeGreaterThan(0);
});
