// A copy of a dataset with the labels inside, for training elsewhere: Evo-RL's columns, and each frame's instruction
// with its advantage in words.
import { convertDataset } from "./convert.ts";
import type { Changes, CopyOptions } from "./copy.ts";
import type { LeRobotDataset } from "./dataset.ts";
import { allocate } from "./dtypes.ts";
import { type AdvantageLabels, readLabels } from "./labels.ts";
import type { recordingFeatures } from "./recording.ts";
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
  readonly advantages?: string;
  /** Whether instructions get "\nAdvantage: positive" or "\nAdvantage: negative" behind them (default true). */
  readonly prompts?: boolean;
}

/**
 * Writes a v3.0 copy of `source` at `target` with columns complementary_info.{value, advantage, acp_indicator} and
 * tagged instructions. A recorded complementary_info.is_intervention is mirrored by the bool column `intervention`.
 */
export async function materialize(
  source: LeRobotDataset,
  target: string,
  { advantages: tag, prompts = true, ...copying }: MaterializeOptions,
): Promise<void> {
  const labels = tag === undefined ? undefined : await readLabels(source.root, "advantages", tag);
  const rows = labels && rowsByEpisode(labels);
  const mirrored = source.features.has(isIntervention) && !source.features.has("intervention");
  const changes: Changes = {
    features: { ...(labels && labelFeatures), ...(mirrored && { intervention: number("bool") }) },
    async change(episode, tasks) {
      const columns = new Map<string, Column>();
      if (mirrored) {
        const { data } = (await source.columns(episode, [isIntervention])).get(isIntervention)!;
        columns.set(
          "intervention",
          column(
            "bool",
            Array.from(data as Float32Array, (value) => Number(value > 0.5)),
          ),
        );
      }
      if (!labels || !rows) return { columns, tasks };
      const order = tasks.map((_, frame) => {
        const row = rows.get(episode)?.[frame];
        if (row === undefined) throw new Error(`advantages "${tag}": episode ${episode}, frame ${frame} has no label`);
        return row;
      });
      columns.set(
        "complementary_info.value",
        column(
          "float32",
          order.map((row) => labels.value_current[row]!),
        ),
      );
      columns.set(
        "complementary_info.advantage",
        column(
          "float32",
          order.map((row) => labels.advantage_continuous[row]!),
        ),
      );
      columns.set(
        "complementary_info.acp_indicator",
        column(
          "int64",
          order.map((row) => labels.advantage[row]!),
        ),
      );
      if (!prompts) return { columns, tasks };
      const words = order.map((row) => (labels.advantage[row] ? "positive" : "negative"));
      return { columns, tasks: tasks.map((task, frame) => `${task}\nAdvantage: ${words[frame]}`) };
    },
  };
  await convertDataset(source, target, { ...copying, changes });
}

const isIntervention = "complementary_info.is_intervention" satisfies keyof typeof recordingFeatures;

/** Row of each frame of each episode. */
function rowsByEpisode({ episode_index, frame_index }: AdvantageLabels): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (let row = 0; row < episode_index.length; row++) {
    const frames = rows.get(episode_index[row]!) ?? [];
    frames[frame_index[row]!] = row;
    rows.set(episode_index[row]!, frames);
  }
  return rows;
}

function column(dtype: string, values: readonly number[]): Column {
  const data = allocate(dtype, values.length);
  for (const [at, value] of values.entries())
    if (data instanceof BigInt64Array) data[at] = BigInt(value);
    else (data as Float32Array)[at] = value;
  return { dtype, shape: [1], data };
}
