import { expect, test } from "vitest";
import type { DatasetsSummary } from "../summary.ts";
import { renderDatasetReport } from "./dataset-page.ts";
import { datasetVerdict } from "./dataset-verdict.ts";

type Networks = Pick<DatasetsSummary, "value" | "policy">;

const value = (heldOutError: number, baselineError: number): Networks["value"] => ({
  episodes: { train: 17, heldOut: 3 },
  check: {
    trainCrossEntropy: 2,
    heldOutCrossEntropy: 3,
    heldOutError,
    baselineError,
    firstFrameGap: null,
    auc: null,
    successes: 3,
    failures: 0,
    advantageSpread: 0.1,
    trainAdvantageSpread: 0.1,
    warnings: [],
  },
  warnings: [],
});
const policy = (error: number, trivial: number): Networks["policy"] => ({
  episodes: { train: 18, heldOut: 2 },
  heldOut: { "heldOut/actionError": error, "heldOut/repeatLastError": trivial },
  warnings: [],
});
const summary = (networks: Networks, finishedAt: string | null = "2026-01-01T01:00:00Z"): DatasetsSummary => ({
  pistar: "0.1.0",
  startedAt: "2026-01-01T00:00:00Z",
  finishedAt,
  options: {},
  stages: [],
  curves: [],
  datasets: [],
  ...networks,
});

test.each([
  [value(0.05, 0.06), policy(0.1, 0.2), "better", "Value function and policy both beat their trivial baselines"],
  [value(0.06, 0.06), policy(0.3, 0.2), "worse", "Neither value function nor policy beats its trivial baseline"],
  [
    value(0.07, 0.06),
    policy(0.1, 0.2),
    "mixed",
    "The value function does not beat its trivial baseline; the policy beats its trivial baseline",
  ],
  [
    { ...value(0, 0)!, episodes: { train: 1, heldOut: 0 }, check: null },
    { ...policy(0, 0)!, episodes: { train: 1, heldOut: 0 }, heldOut: null },
    "unknown",
    "The value function cannot be judged, no episode was held out; the policy cannot be judged, no episode was held out",
  ],
])("the verdict %#", (ofValue, ofPolicy, outcome, head) => {
  const networks = { value: ofValue, policy: ofPolicy };
  expect(datasetVerdict(summary(networks))).toMatchObject({ outcome, head });
  expect(renderDatasetReport(summary(networks))).toContain(`<h1 class="${outcome}"><strong>${head}</strong>`);
});

test("errors and the episodes that they rest on follow", () => {
  expect(datasetVerdict(summary({ value: value(0.07, 0.06), policy: policy(0.123456, 0.2) })).detail).toBe(
    "values are off by 0.07 (mean return by time: 0.06) on 3 held-out episodes, " +
      "actions are off by 0.123 (repeating the last: 0.2) on 2 held-out episodes",
  );
});

test("before the end what is not known yet is said so", () => {
  expect(datasetVerdict(summary({ value: value(0.05, 0.06), policy: null }, null))).toMatchObject({
    outcome: "mixed",
    head: "Unfinished run: the value function beats its trivial baseline; the policy cannot be judged yet",
  });
  expect(renderDatasetReport(summary({ value: null, policy: null }, null))).not.toMatch(/NaN|undefined|null/);
});
