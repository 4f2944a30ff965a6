// What a run showed, in words: the report's first line. Better or worse is said only where a 95\u00a0% interval leaves no change out.

import type { Estimate } from "../../rollout/index.ts";
import { filtered } from "../extraction/filtered.ts";
import { oracle } from "../extraction/oracle.ts";
import { randomLabels } from "../extraction/random-labels.ts";
import { recap } from "../extraction/recap.ts";
import { sft } from "../extraction/sft.ts";
import type { ArmResult, Summary, TaskSummary } from "../summary.ts";
import { finite, list, number, percent, percentInterval, points, pointsInterval, ratioEstimate } from "./format.ts";
import { armTitle, armWords } from "./titles.ts";

const outcomes = ["better", "mixed", "worse", "raised", "lowered", "uncertain", "unknown"] as const;

type Outcome = (typeof outcomes)[number];

export interface Verdict {
  readonly outcome: Outcome;
  /** A sentence without its full stop. */
  readonly head: string;
  /** The numbers behind it, to follow a colon; empty where there are none. */
  readonly detail: string;
}

const phrases: Readonly<Record<Outcome, (tasks: string) => string>> = {
  better: (tasks) => `made ${tasks} better`,
  mixed: (tasks) => `made ${tasks} succeed more often but lowered the throughput`,
  worse: (tasks) => `made ${tasks} worse`,
  raised: (tasks) => `raised the throughput of ${tasks} but its success rate is not shown to be better`,
  lowered: (tasks) => `lowered the throughput of ${tasks} and its success rate is not shown to be better`,
  uncertain: (tasks) => `is not shown to be better on ${tasks}`,
  unknown: (tasks) => `cannot be judged on ${tasks} yet`,
};

/** The verdict on one task: the last RECAP policy against the cloned policy that it began from. */
export function taskVerdict(task: TaskSummary): Verdict {
  const before = task.results.find(({ arm }) => arm === sft.name);
  const after = improved(task).at(-1);
  const paired = after?.againstSft;
  if (!before || !after || !paired)
    return { outcome: "unknown", head: `RECAP ${phrases.unknown(task.task)}`, detail: alone(task.results) };
  const { successDifference, throughputRatio } = paired;
  const outcome = judge(side(successDifference, 0), throughputRatio ? side(throughputRatio, 1) : 0);
  const iterations = after.iteration > 1 ? ` after ${after.iteration} iterations` : "";
  const difference = `difference ${points(successDifference.value)} points, 95\u00a0% interval ${pointsInterval(successDifference)}`;
  const throughput = throughputRatio
    ? ratioEstimate(throughputRatio)
    : `${number(before.throughput.value)}\u00a0→\u00a0${number(after.throughput.value)} successes per hour`;
  const better = overtaken(task).map(
    ({ arm, change }) =>
      `${armWords(arm)} does better (RECAP ${points(change.value)} points, ${pointsInterval(change)})`,
  );
  const setback = setbacks(task).map(
    ({ iteration, than, change }) =>
      `iteration ${iteration} made it worse than ${than} (${points(change.value)} points, ${pointsInterval(change)})`,
  );
  return {
    outcome,
    head: [`RECAP ${phrases[outcome](task.task)}`, ...setback, ...better, ...labelsWorth([task])].join("; "),
    detail: `${percent(before.successRate.value)}\u00a0→\u00a0${percent(after.successRate.value)} of episodes succeed${iterations}${withData(task)} (${difference}), throughput ${throughput}${besideControls(task)}`,
  };
}

/** SFT learned from the demonstrations alone: how many more episodes RECAP had. */
function withData({ gains }: TaskSummary): string {
  const count = (source: string) => gains.reduce((sum, gain) => sum + (gain.source === source ? gain.episodes : 0), 0);
  const [autonomous, corrected] = [count("autonomous"), count("corrected")];
  if (autonomous + corrected === 0) return "";
  return ` with ${autonomous + corrected} more episodes${corrected > 0 ? `, ${corrected} of them supervised` : ""}`;
}

/** RECAP against the controls that had the same data, if they were trained. */
function besideControls(task: TaskSummary): string {
  const compared = [filtered, randomLabels].flatMap(({ name }) => {
    const change = task.results.find(({ arm }) => arm === name)?.recapAgainst?.successDifference;
    return change ? [`${points(change.value)} points to ${armWords(name)} (${pointsInterval(change)})`] : [];
  });
  return compared.length === 0 ? "" : `; on the same data ${compared.join(", ")}`;
}

/** The verdict on a run: that of its task, or for several tasks which of them became better and which worse. */
export function runVerdict({ tasks, finishedAt }: Summary): Verdict {
  const verdicts = tasks.map(taskVerdict);
  const unfinished = finishedAt === null ? "Unfinished run: " : "";
  const only = verdicts.length === 1 ? verdicts[0] : undefined;
  if (only) return { ...only, head: unfinished + only.head };
  const parts = outcomes.flatMap((outcome) => {
    const names = tasks.filter((_, index) => verdicts[index]!.outcome === outcome).map(({ task }) => task);
    return names.length > 0 ? [phrases[outcome](list(names))] : [];
  });
  const setback = tasks.flatMap((task, index) =>
    verdicts[index]!.outcome === "worse"
      ? []
      : setbacks(task).map(({ iteration }) => `iteration ${iteration} made ${task.task} worse`),
  );
  const better = tasks.flatMap((task) =>
    overtaken(task).map(({ arm }) => `${armWords(arm)} does better on ${task.task}`),
  );
  const found = new Set(verdicts.map(({ outcome }) => outcome));
  return {
    outcome: found.has("worse") ? "worse" : (outcomes.find((outcome) => found.has(outcome)) ?? "unknown"),
    head:
      unfinished +
      (parts.length > 0
        ? `RECAP ${[parts.join("; "), ...setback, ...better, ...labelsWorth(tasks)].join("; ")}`
        : "no task has been evaluated"),
    detail: "",
  };
}

/** RECAP's policies on a task, by iteration. */
export function improved(task: TaskSummary): readonly ArmResult[] {
  return task.results.filter(({ arm }) => arm === recap.name).sort((a, b) => a.iteration - b.iteration);
}

interface Setback {
  readonly iteration: number;
  readonly than: string;
  readonly change: Estimate;
}

/** Iterations shown to have made the policy worse, where the verdict itself, on the last one against SFT, does not say so. */
function setbacks(task: TaskSummary): readonly Setback[] {
  const policies = improved(task);
  if (policies.length < 2) return [];
  return policies.flatMap(({ iteration, againstPrevious }, index) => {
    const change = againstPrevious?.successDifference;
    if (!change || side(change, 0) >= 0) return [];
    const previous = policies[index - 1];
    return [{ iteration, than: previous ? `iteration ${previous.iteration}` : armTitle(sft.name), change }];
  });
}

/** Controls that are shown to succeed more often than RECAP, with the same data and steps. */
function overtaken(task: TaskSummary): readonly { readonly arm: string; readonly change: Estimate }[] {
  return task.results.flatMap(({ arm, recapAgainst }) => {
    const change = recapAgainst?.successDifference;
    // The oracle knows what no value function can: that it does better is no reproach.
    return arm !== oracle.name && change && side(change, 0) < 0 ? [{ arm, change }] : [];
  });
}

/** Whether RECAP's labels beat random ones, on the tasks where that was tried. Where random ones win, `overtaken` says so. */
function labelsWorth(tasks: readonly TaskSummary[]): string[] {
  const tried = tasks.flatMap((task) => {
    const change = task.results.find(({ arm }) => arm === randomLabels.name)?.recapAgainst?.successDifference;
    return change ? [{ task: task.task, side: side(change, 0) }] : [];
  });
  const on = (wanted: number) => tried.filter((one) => one.side === wanted).map(({ task }) => task);
  const where = (names: readonly string[]) => (tasks.length > 1 ? ` on ${list(names)}` : "");
  return [
    ...(on(1).length > 0 ? [`its labels beat random ones${where(on(1))}`] : []),
    ...(on(0).length > 0 ? [`its labels are not shown to beat random ones${where(on(0))}`] : []),
  ];
}

/** −1, 1: the interval lies below or above `none`; 0: it includes it, or is not known. */
function side({ low, high }: Estimate, none: number): number {
  if (finite(low) && low > none) return 1;
  return finite(high) && high < none ? -1 : 0;
}

function judge(success: number, throughput: number): Outcome {
  if (success < 0) return "worse";
  if (success > 0) return throughput < 0 ? "mixed" : "better";
  return throughput > 0 ? "raised" : throughput < 0 ? "lowered" : "uncertain";
}

function alone(results: readonly ArmResult[]): string {
  if (results.length === 0) return "no policy has been evaluated";
  return results
    .map(
      ({ arm, successRate }) =>
        `${armTitle(arm)} succeeds in ${percent(successRate.value)} of episodes (95\u00a0% interval ${percentInterval(successRate)})`,
    )
    .join(", ");
}
