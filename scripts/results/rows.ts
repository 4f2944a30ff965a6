// docs/results/runs.csv: one row for each evaluated policy. docs/results/README.md explains the columns.
import { readFileSync } from "node:fs";

/** One policy on one task's evaluation episodes. */
export interface Row {
  /** Date and name. */
  readonly run: string;
  /** The preset of docs/results/presets.json below `options`; empty without a preset. */
  readonly preset: string;
  /** Seed of the run, for demonstrations, data, trainings and evaluation episodes. */
  readonly seed: number;
  readonly task: string;
  readonly arm: string;
  readonly iteration: number;
  /** The run that lent data, labels and pre-trained policy; empty for a whole run. */
  readonly base: string;
  /** Seed of the first evaluation episode; the others follow it one by one. */
  readonly firstSeed: number;
  /** Options that differ from the preset or from the base run: NAME=VALUE, space-separated. */
  readonly options: string;
  readonly episodes: number;
  readonly successes: number;
  /** Seconds of a failed episode; null without recorded times. */
  readonly deadline: number | null;
  /** Seconds of each success in the order of the seeds; null without recorded times. */
  readonly times: readonly number[] | null;
  /** Outcomes in the order of the seeds, "1" for success, "0" for failure; empty if only the count was recorded. */
  readonly outcomes: string;
}

const header =
  "run,preset,seed,task,arm,iteration,base,first_seed,options,episodes,successes,deadline,seconds_to_success,outcomes";

const path = new URL("../../docs/results/runs.csv", import.meta.url);

export const readRows = (): Row[] => parseRows(readFileSync(path, "utf8"));

/**
 * Reads runs.csv.
 * @throws Error naming the line: another header, too few or too many cells, numbers that contradict each other
 */
export function parseRows(csv: string): Row[] {
  const [first, ...lines] = csv.trimEnd().split("\n");
  if (first !== header) throw new Error(`runs.csv: expected the header ${header}, got ${first}`);
  return lines.map((line, index) => {
    const row = parseRow(line);
    const fault = row ? faultOf(row) : `expected ${header.split(",").length} cells`;
    if (fault) throw new Error(`runs.csv, line ${index + 2}: ${fault}, got ${line.slice(0, 120)}`);
    return row!;
  });
}

function parseRow(line: string): Row | null {
  const cells = line.split(",");
  if (cells.length !== header.split(",").length) return null;
  const [run, preset, seed, task, arm, iteration, base, firstSeed, options] = cells as string[] & { length: 14 };
  const [episodes, successes, deadline, times, outcomes] = cells.slice(9) as string[] & { length: 5 };
  return {
    run: run!,
    preset: preset!,
    seed: Number(seed),
    task: task!,
    arm: arm!,
    iteration: Number(iteration),
    base: base!,
    firstSeed: Number(firstSeed),
    options: options!,
    episodes: Number(episodes),
    successes: Number(successes),
    deadline: deadline ? Number(deadline) : null,
    times: deadline ? (times ? times.split(" ").map(Number) : []) : null,
    outcomes: outcomes!,
  };
}

/** In words, or nothing. */
function faultOf({ episodes, successes, times, outcomes }: Row): string | undefined {
  if (!(episodes >= successes && successes >= 0)) return "expected 0 to n successes in n episodes";
  if (times && times.length !== successes) return `expected ${successes} times, one for each success`;
  if (times?.some((time) => !(time > 0))) return "expected times above 0";
  if (outcomes && !/^[01]+$/.test(outcomes)) return "expected outcomes of 0 and 1";
  const solved = outcomes.replaceAll("0", "").length;
  if (outcomes && (outcomes.length !== episodes || solved !== successes))
    return `expected ${successes} outcomes of 1 among ${episodes}`;
  return undefined;
}

/**
 * Formats rows as runs.csv.
 * @throws Error if a text holds a comma or a line break
 */
export function formatRows(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const cells = [
      row.run,
      row.preset,
      row.seed,
      row.task,
      row.arm,
      row.iteration,
      row.base,
      row.firstSeed,
      row.options,
      row.episodes,
      row.successes,
      row.deadline ?? "",
      row.times?.join(" ") ?? "",
      row.outcomes,
    ].map(String);
    const bad = cells.find((cell) => /[,"\r\n]/.test(cell));
    if (bad !== undefined) throw new Error(`Expected cells without comma, quote or line break, got ${bad}`);
    return cells.join(",");
  });
  return `${[header, ...lines].join("\n")}\n`;
}

/**
 * Finds a row.
 * @throws RangeError if there is none
 */
export function rowOf(rows: readonly Row[], wanted: Partial<Row>): Row {
  const found = rows.find((row) => Object.entries(wanted).every(([key, value]) => row[key as keyof Row] === value));
  if (!found) throw new RangeError(`Expected a row of runs.csv with ${JSON.stringify(wanted)}, found none`);
  return found;
}
