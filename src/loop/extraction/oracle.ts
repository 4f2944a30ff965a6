// Control: RECAP with labels by the truth. No labels could be better. An audit measures the truth by runs of the iteration's policy. Random labels
// are the other end: the value function gains on them, and loses against these.
import { join } from "node:path";
import * as z from "zod";
import { auditVerdict, trueValues } from "../../audit/index.ts";
import { labelDataset } from "../../train/index.ts";
import { auditFolder, runIterationMoments, writeAudit } from "../audits.ts";
import { workersOf } from "../episodes.ts";
import { labelling } from "../labelling.ts";
import { valueName } from "../run.ts";
import type { ExtractionArm } from "./arm.ts";
import { armName } from "./fine-tune.ts";
import { onLabels } from "./on-labels.ts";

export const oracleOptions = {
  auditBudget: z
    .number()
    .gt(0)
    .default(20)
    .describe(
      "minutes for the true values of the control oracle; two runs from each moment come first, so a small budget leaves out runs before episodes",
    ),
  auditEvery: z.number().gt(0).default(1).describe("seconds of an episode from one of its true values to the next"),
};

export const oracle: ExtractionArm<"oracle"> = onLabels("oracle", "RECAP with oracle labels", async (given, tag) => {
  const { run, task, iteration, dataset } = given;
  const { listener, options, signal } = run;
  const { auditBudget: budget, auditEvery: every, seed } = options;
  const stage = `${armName(task, iteration, oracle.name)}-labels`;
  const folder = auditFolder(given, "policy");
  const asked = { budget, every, seed, workers: workersOf(run) };
  const runs = await runIterationMoments(given, folder, asked, {
    signal,
    onProgress: (done, total, round) =>
      listener.onProgress?.(stage, done, total, `runs ${2 * round + 1} and ${2 * round + 2}`),
  });
  signal?.throwIfAborted();
  const values = given.values();
  const audit = await writeAudit(
    folder,
    { dataset, labels: given.labels, values, ...runs },
    { of: "policy", policy: given.actor().policyName, valueName: valueName(task, iteration) },
    seed,
  );
  listener.onNote?.(`${stage}: ${auditVerdict(audit)}`);
  const episodes = [...new Set(runs.rounds.map(({ episode }) => episode))].sort((a, b) => a - b);
  if (audit.episodes < audit.ofEpisodes)
    listener.onWarning?.(
      `${stage}: ${audit.ofEpisodes - audit.episodes} of ${audit.ofEpisodes} episodes have no oracle labels: the budget of ${budget} minutes is spent. ` +
        `A larger --audit-budget, or --audit-every ${2 * every}, would label them; ${join(folder, "runs.jsonl")} keeps the runs`,
    );
  await labelDataset({
    dataset,
    episodes,
    values: trueValues(runs.rounds, await values.scales()),
    options: { ...labelling(run), tag },
  });
});
