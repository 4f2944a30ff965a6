// A copy of datasets with the labels inside, for training elsewhere: Evo-RL's columns, and each frame's instruction with its advantage in words.
// openpi (`prompt_from_task`) and LeRobot both read a frame's instruction from its task_index. So the word reaches either trainer's prompt.
import { random } from "../system/index.ts";
import { type Changes, type CopyOptions, copyEpisodes, type Piece } from "./copy.ts";
import type { LeRobotDataset } from "./dataset.ts";
import { allocate } from "./dtypes.ts";
import { type AdvantageLabels, readLabels } from "./labels.ts";
import { nobody, type recordingFeatures } from "./recording.ts";
import type { Column, Feature } from "./types.ts";

const number = (dtype: string): Feature => ({ dtype, shape: [1], names: null });

/** Evo-RL's names. */
const labelFeatures = {
  "complementary_info.value": number("float32"),
  "complementary_info.advantage": number("float32"),
  "complementary_info.acp_indicator": number("int64"),
};

export interface MaterializeOptions extends Pick<CopyOptions, "repair" | "progress" | "onNote"> {
  /** Tag of the advantages to put in; without it only `intervention` is mirrored. */
  readonly advantages?: string | undefined;
  /** The word behind every instruction: by the labels (default, nothing without `advantages`), always "positive", or none. */
  readonly word?: "labels" | "positive" | "none" | undefined;
  /** Probability that a frame's instruction stays without the word, for trainers without dropout of their own (default 0). */
  readonly dropout?: number | undefined;
  /** Decides which frames these are (default 0). */
  readonly seed?: number | undefined;
}

/** An instruction with its advantage in words, as the prompts of π*0.6 have it. */
export const withAdvantage = (task: string, word: "positive" | "negative"): string => `${task}\nAdvantage: ${word}`;

/**
 * Writes a v3.0 copy of the pieces at `target` with columns complementary_info.{value, advantage, acp_indicator} and tagged instructions. A
 * recorded complementary_info.is_intervention is mirrored by the bool column `intervention`.
 * @param pieces of one dataset, or of several with the same features (`mergedPieces`)
 * @throws Error naming a frame without a label
 */
export async function materialize(
  pieces: readonly Piece[],
  target: string,
  { advantages: tag, word = "labels", dropout = 0, seed = 0, ...copying }: MaterializeOptions,
): Promise<void> {
  const sources = [...new Set(pieces.map(({ source }) => source))];
  const labels = new Map<LeRobotDataset, Labels>();
  if (tag !== undefined)
    for (const source of sources) {
      const read = await readLabels(source.root, "advantages", tag);
      labels.set(source, { read, rows: rowsByEpisode(read) });
    }
  const mirrored = sources.some(({ features }) => features.has(isIntervention) && !features.has("intervention"));
  const changes: Changes = {
    features: { ...(tag !== undefined && labelFeatures), ...(mirrored && { intervention: number("bool") }) },
    async change(source, episode, tasks) {
      const columns = new Map<string, Column>();
      if (mirrored) columns.set("intervention", await interventionsOf(source, episode));
      const known = labels.get(source);
      const rows = known && rowsOf(known, tag!, episode, tasks.length);
      if (known && rows) for (const [name, of] of labelColumns(known.read, rows)) columns.set(name, of);
      const draw = random(seed).split(`dropout ${sources.indexOf(source)} ${episode}`);
      const said = tasks.map((task, frame) => {
        const isKept = draw.uniform() >= dropout;
        if (!isKept || word === "none") return task;
        if (word === "positive") return withAdvantage(task, word);
        return known && rows ? withAdvantage(task, known.read.advantage[rows[frame]!] ? "positive" : "negative") : task;
      });
      return { columns, tasks: said };
    },
  };
  await copyEpisodes(pieces, target, { ...copying, changes });
}

const isIntervention = "complementary_info.is_intervention" satisfies keyof typeof recordingFeatures;
const actor = "complementary_info.collector_policy_id" satisfies keyof typeof recordingFeatures;

/** The pieces without the frames in which nobody acted. An episode with such frames in its middle becomes several. */
export async function actedPieces(pieces: readonly Piece[]): Promise<Piece[]> {
  const found: Piece[] = [];
  for (const piece of pieces) {
    const { source, episode } = piece;
    if (!source.features.has(actor)) {
      found.push(piece);
      continue;
    }
    const { data } = (await source.columns(episode, [actor])).get(actor)!;
    const { from = 0, to = data.length } = piece;
    for (let begin = from; begin < to; begin++) {
      if (data[begin] === nobody) continue;
      let end = begin;
      while (end < to && data[end] !== nobody) end++;
      found.push(end - begin === data.length ? piece : { ...piece, from: begin, to: end });
      begin = end;
    }
  }
  return found;
}

interface Labels {
  readonly read: AdvantageLabels;
  /** Row of each frame of each episode. */
  readonly rows: ReadonlyMap<number, readonly number[]>;
}

function rowsByEpisode({ episode_index, frame_index }: AdvantageLabels): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (let row = 0; row < episode_index.length; row++) {
    const frames = rows.get(episode_index[row]!) ?? [];
    frames[frame_index[row]!] = row;
    rows.set(episode_index[row]!, frames);
  }
  return rows;
}

function rowsOf({ rows }: Labels, tag: string, episode: number, length: number): number[] {
  return Array.from({ length }, (_, frame) => {
    const row = rows.get(episode)?.[frame];
    if (row === undefined) throw new Error(`advantages "${tag}": episode ${episode}, frame ${frame} has no label`);
    return row;
  });
}

const labelColumns = (labels: AdvantageLabels, rows: readonly number[]): [keyof typeof labelFeatures, Column][] => {
  const of = (dtype: string, values: ArrayLike<number>) =>
    column(
      dtype,
      rows.map((row) => values[row]!),
    );
  return [
    ["complementary_info.value", of("float32", labels.value_current)],
    ["complementary_info.advantage", of("float32", labels.advantage_continuous)],
    ["complementary_info.acp_indicator", of("int64", labels.advantage)],
  ];
};

async function interventionsOf(source: LeRobotDataset, episode: number): Promise<Column> {
  const { data } = (await source.columns(episode, [isIntervention])).get(isIntervention)!;
  return column(
    "bool",
    Array.from(data as Float32Array, (value) => Number(value > 0.5)),
  );
}

function column(dtype: string, values: readonly number[]): Column {
  const data = allocate(dtype, values.length);
  for (const [at, value] of values.entries())
    if (data instanceof BigInt64Array) data[at] = BigInt(value);
    else (data as Float32Array)[at] = value;
  return { dtype, shape: [1], data };
}
