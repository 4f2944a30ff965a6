// The figures of README.md and docs/results, computed from runs.csv. Comments in a text mark them:
// <!-- results: NAME ARGUMENT … -->figures<!-- /results -->
import { pointsInterval, ratioEstimate } from "../../src/loop/index.ts";
import { type Row, rowOf } from "./rows.ts";
import { compareRows, recapAndFiltered, wonAndLost } from "./statistics.ts";
import { besideTable, fullTable, seedsTable, wantedTable, whole } from "./tables.ts";

/** README.md's runs: three seeds of `pistar recap --preset full`, and one of `pistar recap`. */
export const fullRuns = [
  "2026-11-30-full-seed-0-peg-seen-tipping",
  "2026-11-30-full-share-held-out-seed-1",
  "2026-11-30-full-share-held-out-seed-2",
] as const;
const quickRun = "2026-11-30-quick-share-held-out-seed-0";

type Block = (rows: readonly Row[], ...names: readonly string[]) => string;

const blocks: Readonly<Record<string, Block>> = {
  full: (rows) => fullTable(rows, fullRuns),
  wanted: (rows) => wantedTable(rows, fullRuns),
  won: (rows) => String(wonAndLost(recapAndFiltered(rows, fullRuns)).won),
  lost: (rows) => String(wonAndLost(recapAndFiltered(rows, fullRuns)).lost),
  quick,
  seeds: (rows, ...runs) => seedsTable(rows, runs),
  beside: (rows, ...runs) => besideTable(rows, runs),
};

export const blockNames = Object.keys(blocks);

/**
 * The text of one block.
 * @throws RangeError for an unknown block, an unknown run, or rows without the needed values
 */
export function render(rows: readonly Row[], name: string, ...names: readonly string[]): string {
  const block = blocks[name];
  if (!block) throw new RangeError(`Expected one of the blocks ${blockNames.join(", ")}, got ${name}`);
  return block(rows, ...names).replaceAll("\u00a0", " ");
}

const marked = /(<!-- results: (\S+)((?: \S+)*?) -->)[\s\S]*?(<!-- \/results -->)/g;

/** The text with all its figures recomputed from the rows. */
export function updated(text: string, rows: readonly Row[]): string {
  return text.replace(marked, (_, opening: string, name: string, names: string, closing: string) => {
    const figures = render(rows, name, ...names.split(" ").filter(Boolean));
    const space = figures.startsWith("|") ? "\n\n" : "";
    return `${opening}${space}${figures}${space}${closing}`;
  });
}

/** The blocks of a text, each with its arguments. */
export const blocksIn = (text: string): string[] =>
  [...text.matchAll(marked)].map(([, , name, names]) => name! + names);

function quick(rows: readonly Row[]): string {
  const sft = rowOf(rows, { run: quickRun, arm: "sft" });
  const recap = rowOf(rows, { run: quickRun, arm: "recap" });
  const { successDifference, throughputRatio, failureRatio } = compareRows(recap, sft);
  const rate = ({ successes, episodes }: Row) => `${whole(successes / episodes)} %`;
  return (
    `${rate(sft)} → ${rate(recap)} of ${recap.episodes} episodes (difference ${pointsInterval(successDifference)} points), ` +
    `throughput ${ratioEstimate(throughputRatio!)}, failures ${ratioEstimate(failureRatio!)}`
  );
}
