// pistar eval: how well a policy does, alone or beside another one.
import type { Command } from "commander";
import type * as z from "zod";
import { estimate, percentEstimate, pointsEstimate, probability, ratioEstimate } from "../loop/index.ts";
import {
  type BlindComparison,
  type Comparison,
  compare,
  compareBlind,
  type Evaluation,
  evaluateOptions,
  evaluatePolicy,
  type Score,
} from "../rollout/index.ts";
import { duration, number, replaceFile, toJson } from "../system/index.ts";
import { interruptible, robotFlag, stationsOf, warnOfEpisodes } from "./episodes.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { withProgress } from "./progress.ts";
import { table } from "./table.ts";
import { warn } from "./terminal.ts";

const essential = ["policy", "task", "episodes", "seed", "workers"];

export function addEval(command: Command): void {
  command
    .description("Measure a policy's success rate and throughput, with 95 % intervals, alone or beside another policy.")
    .option("--against <policy>", "policy to compare with, on the same episodes")
    .option("--json <file>", "write the result as JSON; - is the standard output, in place of the tables");
  addFlags(command, evaluateOptions, essential).option(...robotFlag);
  explain(command, {
    text: [
      "Both policies run the same episodes, so that luck in the seeds counts for both. Success rates have Wilson's interval. Throughput is " +
        "successes per hour of robot time, resets included.",
      "With a robot file you judge each episode by a key. Two policies take turns in random order, and you are not told which one acts; the comparison ends when a sequential test has decided it.",
    ],
    examples: [
      "pistar eval --policy runs/policy --task cube-in-bowl --episodes 50",
      "pistar eval --policy runs/recap --against runs/sft --episodes 100",
      "pistar eval --policy ws://localhost:8000",
    ],
  }).action(evaluate);
}

async function evaluate(
  flags: Record<string, unknown> & { against?: string; json?: string; robot?: string },
): Promise<void> {
  const { against, json, robot } = flags;
  const options = fromFlags(evaluateOptions, flags);
  if (robot?.endsWith(".json") && against !== undefined) return evaluateBlind({ ...options, against }, robot, json);
  const run = (policy: string) =>
    interruptible(
      (signal) =>
        withProgress(`evaluating ${policy}`, (progress) =>
          evaluatePolicy({ ...options, policy, stations: stationsOf(robot), progress, signal }),
        ),
      robot,
    );
  const evaluation = await run(options.policy);
  const baseline = against === undefined || process.exitCode ? undefined : await run(against);
  const comparison = baseline && compare(evaluation, baseline, options.seed);
  const found = { options, evaluation, ...(baseline && { baseline, comparison }) };
  if (json === "-") console.log(toJson(found, 2));
  else {
    if (json !== undefined) replaceFile(json, toJson(found, 2));
    printEvaluation(evaluation);
    if (baseline && comparison) {
      printEvaluation(baseline);
      printComparison(comparison, options.policy, baseline.policy);
    }
  }
  for (const { lost } of [evaluation, ...(baseline ? [baseline] : [])]) warnOfEpisodes(lost, []);
}

async function evaluateBlind(
  options: z.infer<typeof evaluateOptions> & { readonly against: string },
  robot: string,
  json: string | undefined,
): Promise<void> {
  const toFile = json === undefined || json === "-" ? undefined : json;
  const result = (found: BlindComparison) => ({
    options,
    ...found,
    comparison: compare(found.evaluation, found.baseline, options.seed),
  });
  const found = await interruptible(
    (signal) =>
      withProgress("pairs of episodes", (progress) =>
        compareBlind({
          ...options,
          ...{ stations: stationsOf(robot), progress, signal },
          // A day's work survives a kill.
          onPair: (sofar) => toFile !== undefined && replaceFile(toFile, toJson(result(sofar), 2)),
        }),
      ),
    robot,
  );
  if (json === "-") return console.log(toJson(result(found), 2));
  printEvaluation(found.evaluation);
  printEvaluation(found.baseline);
  printComparison(result(found).comparison, options.policy, options.against);
  console.log(
    found.decided
      ? `decided: the evidence against "equally good" is ${number(found.evidence)}; equal policies reach 20 once in 20 comparisons`
      : `not decided: the evidence against "equally good" is ${number(found.evidence)}, and 20 decides; run more episodes`,
  );
}

function printEvaluation({ policy, total, byTask, jumps, runs }: Evaluation): void {
  const row = (name: string, { episodes, successRate, throughput, medianTimeToSuccess }: Score) => [
    name,
    episodes,
    percentEstimate(successRate),
    estimate(throughput),
    duration(medianTimeToSuccess),
  ];
  const names = Object.entries(byTask);
  const rows = names.map(([name, score]) => row(name, score));
  if (names.length > 1) rows.push(row("total", total));
  console.log(table([policy, "episodes", "success rate", "successes per hour", "median time of a success"], rows));
  if (jumps)
    console.log(
      `joint targets jump by ${number(jumps.mean)}° on average and ${number(jumps.max)}° at most where one of ${jumps.borders} action chunks takes over from another`,
    );
  const troubled = runs.filter(({ troubles }) => troubles.length > 0);
  if (troubled.length > 0)
    warn(
      `in ${troubled.length} episodes the policy failed to answer as it should, first (${troubled[0]!.task}, seed ${troubled[0]!.seed}): ${troubled[0]!.troubles[0]}`,
    );
  console.log();
}

function printComparison(comparison: Comparison, policy: string, baseline: string): void {
  const { episodes, successDifference, onlyPolicy, onlyBaseline, p, throughputRatio, failureRatio } = comparison;
  console.log(
    table(
      [`${policy} against ${baseline}`, `on the same ${episodes} episodes`],
      [
        ["difference of success rates", `${pointsEstimate(successDifference)} points`],
        ["solved by one alone", `${onlyPolicy} and ${onlyBaseline} (McNemar's exact p = ${probability(p)})`],
        [
          "ratio of throughputs",
          throughputRatio ? ratioEstimate(throughputRatio) : `not estimable: ${baseline} never succeeded`,
        ],
        ["ratio of failures", failureRatio ? ratioEstimate(failureRatio) : `not estimable: ${baseline} never failed`],
      ],
    ),
  );
}
