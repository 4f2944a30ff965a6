// The tables of README.md and docs/results, in Markdown. Intervals are Student's over seeds; ratios are geometric means.
import {
  type ArmAcrossSeeds,
  type ArmOfRun,
  acrossSeeds,
  armTitle,
  pointsEstimate,
  probability,
  ratioEstimate,
} from "../../src/loop/index.ts";
import type { Estimate } from "../../src/rollout/index.ts";
import type { Row } from "./rows.ts";
import { recapAndFiltered, runOfSeed, wonAndLost } from "./statistics.ts";

/** A share in per cent without its unit. */
export const whole = (share: number): string => String(Math.round(100 * share));

const bold = (text: string, is: boolean) => (is ? `**${text}**` : text);
/** Bold: the interval excludes no difference. */
const difference = (found: Estimate) => bold(pointsEstimate(found), found.low > 0 || found.high < 0);
const ratio = (found: Estimate | null) =>
  found === null ? "–" : bold(ratioEstimate(found), found.low > 1 || found.high < 1);

/** Arms over seeds by task. The mean over the tasks comes last. */
function byTask(rows: readonly Row[], runs: readonly string[]) {
  const perRun = runs.map((run) => runOfSeed(rows, run));
  const found = acrossSeeds(perRun);
  const tasks = [...new Set(found.map(({ task }) => task))];
  const iteration = Math.max(...found.map((arm) => arm.iteration));
  const isArm = (arm: Pick<ArmOfRun, "arm" | "iteration">, name: string, k: number) =>
    arm.arm === name && arm.iteration === k;
  const of = (name: string, k = name === "sft" ? 0 : iteration) =>
    tasks.flatMap((task) => found.filter((arm) => arm.task === task && isArm(arm, name, k)));
  /** The same arm of the last iteration in each run. */
  const ofEach = (name: string, task: string) =>
    perRun.flatMap((run) =>
      run.tasks.flatMap((other) =>
        other.task === task ? other.results.filter((arm) => isArm(arm, name, iteration)) : [],
      ),
    );
  return { tasks, iteration, of, ofEach };
}

/** README.md's table: means of the seeds. */
export function fullTable(rows: readonly Row[], runs: readonly string[]): string {
  const { tasks, of } = byTask(rows, runs);
  const means = (arm: string) => of(arm).map(({ successRate }) => whole(successRate.value));
  const recap = of("recap").map(({ againstSft }) => againstSft!);
  return markdown([
    ["% of episodes", ...tasks],
    ["SFT, ten demonstrations", ...means("sft")],
    ["**RECAP, two iterations**", ...means("recap").map((mean) => bold(mean, true))],
    ["its difference to SFT, points", ...recap.map(({ successDifference }) => difference(successDifference))],
    ["its throughput to SFT's", ...recap.map(({ throughputRatio }) => ratio(throughputRatio))],
    ["its failures to SFT's", ...recap.map(({ failureRatio }) => ratio(failureRatio))],
    ["the same data without the word", ...means("all-data")],
    ["cloning successes alone", ...means("filtered")],
    ["advantage-weighted regression", ...means("awr")],
    ["RECAP without corrections", ...means("no-corrections")],
    ["RECAP with guidance, β = 2", ...means("guided")],
  ]);
}

const controls = [
  ["all-data", "SFT on all data"],
  ["filtered", "filtered cloning"],
  ["awr", "weighted regression"],
  ["no-corrections", "itself without corrections"],
  ["guided", "itself guided, β = 2"],
] as const;

/** A target and its result: bold if the mean reaches it, then the number of seeds that do. */
export function wantedTable(rows: readonly Row[], runs: readonly string[]): string {
  const { tasks, of, ofEach } = byTask(rows, runs);
  const count = (values: readonly boolean[]) =>
    values.length > 0 ? `, ${values.filter(Boolean).length} of ${values.length}` : "";
  const atLeastDouble = (x: number) => x >= 2;
  const atMostHalf = (x: number) => x <= 0.5;
  const notBehind = (x: number) => x >= 0;
  return markdown([
    ["wanted", ...tasks],
    [
      "throughput ≥ 2 × SFT's",
      ...of("recap").map(({ task, againstSft }) => {
        const found = againstSft!.throughputRatio!;
        const seeds = ofEach("recap", task).map((arm) => atLeastDouble(arm.againstSft!.throughputRatio!.value));
        return bold(ratioEstimate(found), atLeastDouble(found.value)) + count(seeds);
      }),
    ],
    [
      "failures ≤ ½ of SFT's",
      ...of("recap").map(({ task, againstSft }) => {
        const found = againstSft!.failureRatio!;
        const seeds = ofEach("recap", task).map((arm) => atMostHalf(arm.againstSft!.failureRatio!.value));
        return bold(ratioEstimate(found), atMostHalf(found.value)) + count(seeds);
      }),
    ],
    ...controls.map(([name, title]) => [
      `RECAP ≥ ${title}, points`,
      ...of(name).map(({ task, recapAgainst }) => {
        const found = recapAgainst!.successDifference;
        const seeds = ofEach(name, task).map((arm) => notBehind(arm.recapAgainst!.successDifference.value));
        return bold(pointsEstimate(found), notBehind(found.value)) + count(seeds);
      }),
    ]),
  ]);
}

/** Several seeds in full: each seed's success rates, and the comparisons with RECAP. */
export function seedsTable(rows: readonly Row[], runs: readonly string[]): string {
  const { tasks, iteration, of } = byTask(rows, runs);
  const rates = (arms: readonly ArmAcrossSeeds[]) => arms.map(({ successRates }) => successRates.map(whole).join(", "));
  const recap = of("recap").map(({ againstSft }) => againstSft!);
  const known = controls.filter(([arm]) => of(arm).length > 0);
  const pairs = recapAndFiltered(rows, runs).filter((pair) => pair.every(({ outcomes }) => outcomes));
  const wonLost = tasks.map((task) => {
    const own = pairs.filter(([{ task: of }]) => of === task);
    const { won, lost } = wonAndLost(own.length > 0 ? own : pairs);
    return `${won} : ${lost}`;
  });
  return markdown([
    ["% of each seed's episodes", ...tasks],
    ["SFT", ...rates(of("sft"))],
    ...Array.from({ length: iteration }, (_, index) => {
      const isLast = index + 1 === iteration;
      const cells = [`RECAP, iteration ${index + 1}`, ...rates(of("recap", index + 1))];
      return cells.map((cell) => bold(cell, isLast));
    }),
    ["difference to SFT, points", ...recap.map(({ successDifference }) => difference(successDifference))],
    ["throughput to SFT's", ...recap.map(({ throughputRatio }) => ratio(throughputRatio))],
    ["failures to SFT's", ...recap.map(({ failureRatio }) => ratio(failureRatio))],
    ...known.map(([arm]) => [armTitle(arm), ...rates(of(arm))]),
    ...known.map(([arm, title]) => [
      `RECAP to ${title}, points`,
      ...of(arm).map(({ recapAgainst }) => difference(recapAgainst!.successDifference)),
    ]),
    ...(pairs.length > 0 ? [["won : lost to filtered cloning", ...wonLost]] : []),
  ]);
}

/**
 * Policies beside RECAP's last one on the same episodes. An ablation is compared with its base run, another policy with
 * its own run. Bold means p < 0.05 on one task's episodes.
 * @throws RangeError if none of the runs has outcomes
 */
export function besideTable(rows: readonly Row[], runs: readonly string[]): string {
  const recapOf = ({ run, base, task }: Row) =>
    rows
      .filter((row) => row.run === (base || run) && row.task === task && row.arm === "recap")
      .reduce((last, row) => (row.iteration > last.iteration ? row : last));
  const pairs = rows
    .filter(({ run, outcomes }) => runs.includes(run) && outcomes)
    .map((row) => [row, recapOf(row)] as const)
    .filter(([row, recap]) => row !== recap && recap.outcomes);
  if (pairs.length === 0) throw new RangeError(`Expected runs with outcomes, got ${runs.join(" ")}`);
  const nameOf = ({ arm, base, options }: Row) => [armTitle(arm), ...(base && options ? [options] : [])].join(", ");
  const names = [...new Set(pairs.map(([row]) => nameOf(row)))];
  const tasks = [...new Set(pairs.map(([row]) => row.task))];
  const rateOf = ({ successes, episodes }: Row) => successes / episodes;
  const sumOf = (own: typeof pairs, count: "successes" | "episodes") => own.reduce((sum, [row]) => sum + row[count], 0);
  const cells = (own: typeof pairs) => [
    ...tasks.map((task) =>
      own
        .filter(([row]) => row.task === task)
        .map((pair) => bold(whole(rateOf(pair[0])), wonAndLost([pair]).p < 0.05))
        .join(", "),
    ),
    whole(sumOf(own, "successes") / sumOf(own, "episodes")),
  ];
  const references = [...new Set(pairs.map(([, recap]) => recap))].map((recap) => [recap, recap] as const);
  return markdown([
    ["% of episodes", ...tasks, "mean", "won : lost against RECAP", "p"],
    ["RECAP of the run", ...cells(references), "", ""],
    ...names.map((name) => {
      const own = pairs.filter(([row]) => nameOf(row) === name);
      const { won, lost, p } = wonAndLost(own);
      return [name, ...cells(own), `${won} : ${lost}`, probability(p)];
    }),
  ]);
}

/** Columns line up in the source. */
function markdown(rows: readonly (readonly string[])[]): string {
  const plain = rows.map((row) => row.map((cell) => cell.replaceAll("\u00a0", " ")));
  const widths = plain[0]!.map((_, column) => Math.max(3, ...plain.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const [first, ...others] = plain;
  return [line(first!), line(widths.map((width) => "-".repeat(width))), ...others.map(line)].join("\n");
}
