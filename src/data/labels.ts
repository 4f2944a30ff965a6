// Labels beside the data: meta/returns_{tag}.parquet and meta/advantages_{tag}.parquet, a row a frame, keyed by
// (episode_index, frame_index), with RLinf's column names. Data files are never touched; a new labelling is a new tag.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { moveInto, PistarError } from "../system/index.ts";
import { allocate, isNumeric } from "./dtypes.ts";
import { readEpisodes } from "./episodes.ts";
import { readInfo } from "./info.ts";
import { openParquet } from "./parquet-file.ts";
import { type TableColumn, tableColumn, writeTable } from "./parquet-output.ts";
import type { NumericArray } from "./types.ts";

/** The return and reward of each frame; `prompt` is its instruction. */
export interface ReturnLabels {
  readonly episode_index: Int32Array;
  readonly frame_index: Int32Array;
  readonly return: Float32Array;
  readonly reward: Float32Array;
  readonly prompt: readonly string[];
}

/** A value function's output for each frame. */
export interface AdvantageLabels {
  readonly episode_index: Int32Array;
  readonly frame_index: Int32Array;
  /** The indicator: 1 if the frame's action counts as an improvement. */
  readonly advantage: Uint8Array;
  readonly advantage_continuous: Float32Array;
  readonly value_current: Float32Array;
  /** Value N steps on; 0 past the episode's end. */
  readonly value_next: Float32Array;
  /** Sum of the rewards between, in the value's units, and as they were. */
  readonly reward_sum: Float32Array;
  readonly reward_sum_raw: Float32Array;
  /** Rewards in the sum: N, or fewer at the episode's end. */
  readonly num_valid_rewards: Int32Array;
}

export interface LabelKinds {
  readonly returns: ReturnLabels;
  readonly advantages: AdvantageLabels;
}

const keys = { episode_index: "int32", frame_index: "int32" } as const;
const columnsOf: { readonly [kind in keyof LabelKinds]: Readonly<Record<keyof LabelKinds[kind], string>> } = {
  returns: { ...keys, return: "float32", reward: "float32", prompt: "string" },
  advantages: {
    ...keys,
    advantage: "bool",
    advantage_continuous: "float32",
    value_current: "float32",
    value_next: "float32",
    reward_sum: "float32",
    reward_sum_raw: "float32",
    num_valid_rewards: "int32",
  },
};

/** Path of the labels of a kind and tag. */
export function labelsPath(root: string, kind: keyof LabelKinds, tag: string): string {
  if (!/^[\w.-]+$/.test(tag))
    throw new PistarError("bad-option", `tag: expected letters, digits, "_", "." and "-", got ${JSON.stringify(tag)}`);
  return join(root, "meta", `${kind}_${tag}.parquet`);
}

/** The tags there are of a kind. */
export function listLabels(root: string, kind: keyof LabelKinds): string[] {
  const names = existsSync(join(root, "meta")) ? readdirSync(join(root, "meta")) : [];
  return names
    .flatMap((name) =>
      name.startsWith(`${kind}_`) && name.endsWith(".parquet") ? [name.slice(kind.length + 1, -8)] : [],
    )
    .sort();
}

/**
 * Writes labels as a whole (replacing those of the same tag). Each row must name a frame of the dataset, none twice, and
 * hold finite numbers.
 */
export async function writeLabels<Kind extends keyof LabelKinds>(
  root: string,
  kind: Kind,
  tag: string,
  labels: LabelKinds[Kind],
): Promise<void> {
  const path = labelsPath(root, kind, tag);
  const lengths = (await readEpisodes(root, readInfo(root))).map(({ length }) => length);
  checkLabels(path, labels, lengths);
  const table = Object.entries(columnsOf[kind] as Record<string, string>).map(([name, dtype]): TableColumn => {
    const data = labels[name as keyof typeof labels] as unknown as NumericArray | readonly string[];
    if (data?.length !== labels.episode_index.length)
      throw new PistarError(
        "damaged-file",
        `${path}, column "${name}": expected ${labels.episode_index.length} values, got ${data?.length ?? "none"}`,
        { path },
      );
    if (dtype !== "int32") return tableColumn(name, { dtype, shape: [1], data });
    return tableColumn(name, { dtype: "int64", shape: [1], data: BigInt64Array.from(data as Int32Array, BigInt) });
  });
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  try {
    writeTable(temporary, table);
    moveInto(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Reads labels back; columns other than the kind's own are left aside. */
export async function readLabels<Kind extends keyof LabelKinds>(
  root: string,
  kind: Kind,
  tag: string,
): Promise<LabelKinds[Kind]> {
  const path = labelsPath(root, kind, tag);
  if (!existsSync(path)) throw new PistarError("missing-file", missing(root, kind, tag), { path });
  const file = await openParquet(path);
  try {
    const read: Record<string, unknown> = {};
    for (const [name, dtype] of Object.entries(columnsOf[kind] as Record<string, string>)) {
      const values = await file.values(name);
      if (!isNumeric(dtype)) read[name] = Array.from(values, (value) => String(value ?? ""));
      else {
        const data = allocate(dtype, values.length) as Float32Array;
        for (let row = 0; row < values.length; row++) data[row] = Number(values[row] ?? Number.NaN);
        read[name] = data;
      }
    }
    return read as unknown as LabelKinds[Kind];
  } finally {
    await file.close();
  }
}

function missing(root: string, kind: keyof LabelKinds, tag: string): string {
  const there = listLabels(root, kind);
  const has = there.length > 0 ? `it has ${there.join(", ")}` : "it has none";
  return `${root}: expected ${kind} with the tag "${tag}", ${has}; pistar label ${root} --value VALUE --tag ${tag} makes them`;
}

/** Refuses labels with keys outside the dataset, or with numbers that are not finite. `lengths` are the episodes'. */
export function checkLabels(path: string, labels: LabelKinds[keyof LabelKinds], lengths: readonly number[]): void {
  const seen = lengths.map((length) => new Uint8Array(length));
  for (let row = 0; row < labels.episode_index.length; row++) {
    const [episode, frame] = [labels.episode_index[row]!, labels.frame_index[row]!];
    const frames = seen[episode];
    if (frames?.[frame] === undefined)
      throw new PistarError(
        "damaged-file",
        `${path}, row ${row}: the dataset has no frame ${frame} of episode ${episode}`,
        { path },
      );
    if (frames[frame]++)
      throw new PistarError(
        "damaged-file",
        `${path}, row ${row}: episode ${episode}, frame ${frame} is labelled twice`,
        { path },
      );
  }
  for (const [name, data] of Object.entries(labels))
    if (data instanceof Float32Array) {
      const row = data.findIndex((value) => !Number.isFinite(value));
      if (row >= 0)
        throw new PistarError(
          "damaged-file",
          `${path}, row ${row}, column "${name}": expected a finite number, got ${data[row]}`,
          { path },
        );
    }
}
