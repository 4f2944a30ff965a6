// Labels of a copied dataset: they follow their frames to new numbers.
import type { Piece } from "./copy.ts";
import { type LabelKinds, listLabels, readLabels, writeLabels } from "./labels.ts";

/** Copies the labels of the pieces' frames into the dataset at `target`, for each kind and tag of the sources. */
export async function copyLabels(pieces: readonly Piece[], target: string): Promise<void> {
  const roots = [...new Set(pieces.map(({ source }) => source.root))];
  for (const kind of ["returns", "advantages"] as const)
    for (const tag of new Set(roots.flatMap((root) => listLabels(root, kind)))) {
      const labels = await labelsOfPieces(pieces, kind, tag);
      if (labels.episode_index.length > 0) await writeLabels(target, kind, tag, labels);
    }
}

async function labelsOfPieces<Kind extends keyof LabelKinds>(
  pieces: readonly Piece[],
  kind: Kind,
  tag: string,
): Promise<LabelKinds[Kind]> {
  const read = new Map<string, Promise<LabelKinds[Kind]>>();
  const parts: { readonly labels: LabelKinds[Kind]; readonly rows: number[]; readonly at: number; from: number }[] = [];
  for (const [at, { source, episode, from = 0, to = Infinity }] of pieces.entries()) {
    if (!listLabels(source.root, kind).includes(tag)) continue;
    if (!read.has(source.root)) read.set(source.root, readLabels(source.root, kind, tag));
    const labels = await read.get(source.root)!;
    const rows: number[] = [];
    for (let row = 0; row < labels.episode_index.length; row++) {
      const frame = labels.frame_index[row]!;
      if (labels.episode_index[row] === episode && frame >= from && frame < to) rows.push(row);
    }
    parts.push({ labels, rows, at, from });
  }
  const names = Object.keys(parts[0]!.labels) as (keyof LabelKinds[Kind])[];
  const total = parts.reduce((sum, { rows }) => sum + rows.length, 0);
  const joined = names.map((name) => {
    const model = parts[0]!.labels[name] as unknown as Float32Array | readonly string[];
    const column = Array.isArray(model)
      ? new Array<string>(total)
      : new (model.constructor as typeof Float32Array)(total);
    let next = 0;
    for (const { labels, rows, at, from } of parts)
      for (const row of rows) {
        const value = (labels[name] as unknown as Float32Array)[row]!;
        column[next++] = name === "episode_index" ? at : name === "frame_index" ? value - from : value;
      }
    return [name, column];
  });
  return Object.fromEntries(joined) as LabelKinds[Kind];
}
