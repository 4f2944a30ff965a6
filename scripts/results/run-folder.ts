// Reads a run of pistar recap for docs/results: rows for runs.csv, iterations.csv and times.csv.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { evaluationSeed, type Summary, type TaskSummary } from "../../src/loop/index.ts";
import type { Evaluation } from "../../src/rollout/index.ts";
import { readJson } from "../../src/system/index.ts";
import type { Row } from "./rows.ts";

const docs = new URL("../../docs/results/", import.meta.url);

type Options = Readonly<Record<string, unknown>>;

/** Options of the two presets on 2026-11-30. Rows list their differences from these. */
const readPresets = (): Record<string, Options> =>
  JSON.parse(readFileSync(new URL("presets.json", docs), "utf8")) as Record<string, Options>;

/** Options with a column of their own, or without effect on learning. */
const left = new Set(["seed", "tasks", "workers", "parallel", "controls"]);

/** The nearest preset, and the differences from it: NAME=VALUE, space-separated; "unset" for a missing option. */
export function differences(options: Options, named?: string): { readonly preset: string; readonly options: string } {
  const [nearest] = Object.entries(readPresets())
    .filter(([preset]) => !named || preset === named)
    .map(([preset, usual]) => {
      const names = [...new Set([...Object.keys(usual), ...Object.keys(options)])].filter((name) => !left.has(name));
      const differing = names.filter((name) => !isDeepStrictEqual(usual[name], options[name]));
      return { preset, differing };
    })
    .sort((a, b) => a.differing.length - b.differing.length);
  const shown = (value: unknown) => (Array.isArray(value) ? value.join("+") || "none" : String(value ?? "unset"));
  return {
    preset: nearest!.preset,
    options: nearest!.differing.map((name) => `${name}=${shown(options[name])}`).join(" "),
  };
}

/** A policy's episodes, one by one. */
export type EpisodesOf = (task: string, iteration: number, arm: string) => Evaluation["runs"] | undefined;

/** The run's folder, with its stages. */
export function episodesIn(folder: string): EpisodesOf {
  return (task, iteration, arm) => {
    const stage = join(folder, "stages", task, String(iteration), `evaluate-${arm}.json`);
    if (!existsSync(stage)) return undefined;
    const { result } = readJson(stage) as { result: Evaluation };
    if (result.lost.length > 0) throw new Error(`${stage}: expected all episodes, got ${result.lost.length} lost ones`);
    return result.runs.toSorted((a, b) => a.seed - b.seed);
  };
}

/** Seconds of a failed episode, by the throughput. All failures of a task last equally long. */
function deadlineOf({ successes, episodes, throughput, timesToSuccess }: TaskSummary["results"][number]): number {
  const whole = (3600 * successes) / throughput.value - 10 * episodes;
  const failed = (whole - timesToSuccess.reduce((sum, time) => sum + time, 0)) / (episodes - successes);
  return Math.round(failed * 100) / 100;
}

/** Rows of runs.csv. */
export function rowsOf(run: string, summary: Summary, episodesOf: EpisodesOf, preset?: string): Row[] {
  const seed = Number(summary.options.seed);
  const firstSeed = evaluationSeed(seed);
  return summary.tasks.flatMap(({ task, results }) => {
    const known = results.filter(({ successes, episodes }) => successes > 0 && successes < episodes);
    const deadline = known.length > 0 ? deadlineOf(known[0]!) : null;
    return results.map(({ arm, iteration, episodes, successes, timesToSuccess }) => {
      const own = episodesOf(task, iteration, arm);
      if (own?.some(({ seed }, index) => seed !== firstSeed + index))
        throw new Error(`${run}, ${task} ${arm} ${iteration}: expected episodes from seed ${firstSeed} on`);
      return {
        run,
        ...differences(summary.options, preset),
        seed,
        task,
        arm,
        iteration,
        base: "",
        firstSeed,
        episodes,
        successes,
        deadline,
        times: deadline === null ? null : timesToSuccess.map((time) => Math.round(time * 100) / 100),
        outcomes: own?.map(({ success }) => Number(success)).join("") ?? "",
      };
    });
  });
}

const digits = (x: number | null | undefined) =>
  x === null || x === undefined ? "" : String(Number(x.toPrecision(4)));

export const iterationsHeader =
  "run,task,difficulty,iteration,demonstrations,demonstrations_succeed,autonomous,autonomous_succeed,supervised," +
  "supervised_succeed,frames,positive,forced,threshold,value_cross_entropy,value_error,clock_error,pairs_told_apart," +
  "held_out_successes,held_out_failures,first_frame_gap,advantage_spread";

/** Lines of iterations.csv: for each task and iteration the episodes, the value function and the labels. */
export function iterationsOf(run: string, { tasks, options }: Summary): string[] {
  return tasks.flatMap(({ task, difficulty, gains, values, labels }) => {
    const iterations = [...new Set(gains.map(({ iteration }) => iteration))];
    return iterations.map((iteration) => {
      const gained = (source: string) => {
        const found = gains.find((gain) => gain.iteration === iteration && gain.source === source);
        return [found?.episodes ?? "", found?.successes ?? ""];
      };
      const value = values.find((check) => check.iteration === iteration);
      const label = labels.find((count) => count.iteration === iteration);
      const heldOut = /held out are (\d+) success\w* and (\d+) failure/.exec(value?.warnings.join(" ") ?? "");
      return [
        run,
        task,
        difficulty ?? options.difficulty ?? "",
        iteration,
        ...gained("demonstrations"),
        ...gained("autonomous"),
        ...gained("corrected"),
        label?.frames ?? "",
        label?.positive ?? "",
        label?.forced ?? "",
        digits(label?.threshold),
        digits(value?.heldOutCrossEntropy),
        digits(value?.heldOutError),
        digits(value?.baselineError),
        digits(value?.auc),
        heldOut?.[1] ?? "",
        heldOut?.[2] ?? "",
        digits(value?.firstFrameGap),
        digits(value?.advantageSpread),
      ].join(",");
    });
  });
}

/** Stages by kind. Any other stage trains a policy. */
const kinds = [
  ["pretraining", /^pretrain\//],
  ["episodes", /\/(demonstrations|autonomous|corrected)$/],
  ["values_and_labels", /\/(value|labels)$/],
  ["evaluations", /\/evaluate-[^/]+$/],
  ["trainings", /./],
] as const;

export const timesHeader = `run,started,finished,parallel,${kinds.map(([kind]) => `${kind}_s`).join(",")}`;

/** A line of times.csv: seconds of the stages, added up; those of two tasks may have overlapped. */
export function timesOf(run: string, { startedAt, finishedAt, options, stages }: Summary): string {
  const kindOf = (name: string) => kinds.find(([, pattern]) => pattern.test(name))![0];
  const sums = kinds.map(([kind]) =>
    stages.filter(({ name }) => kindOf(name) === kind).reduce((sum, { seconds }) => sum + seconds, 0),
  );
  return [run, startedAt, finishedAt ?? "", options.parallel ?? 1, ...sums.map(Math.round)].join(",");
}
