// Edits of datasets: each writes a new dataset and leaves its source as it is. What an edit takes is a list of pieces, which
// `copyEpisodes` puts together.
import { PistarError } from "../system/index.ts";
import type { Piece } from "./copy.ts";
import type { LeRobotDataset } from "./dataset.ts";
import { isCamera } from "./dtypes.ts";
import { defaultFeatures } from "./info.ts";

/**
 * Episode numbers as people write them: "3", "5-8", "0,2,7-9", or several of these.
 * @throws PistarError "bad-option"
 */
export function episodeList(texts: readonly string[]): number[] {
  const found = texts
    .flatMap((text) => text.split(","))
    .flatMap((part) => {
      const [, first, last = first] = part.trim().match(/^(\d+)(?:-(\d+))?$/) ?? [];
      const [from, to] = [Number(first), Number(last)];
      if (first === undefined || to < from || to - from > 1e6)
        throw new PistarError("bad-option", `expected episodes such as 3, 5-8 or 0,2,7-9, got ${JSON.stringify(part)}`);
      return Array.from({ length: to - from + 1 }, (_, at) => from + at);
    });
  return [...new Set(found)].sort((a, b) => a - b);
}

/** All episodes of a dataset, or those of `only`, in order. */
export function piecesOf(source: LeRobotDataset, only?: readonly number[]): Piece[] {
  const known = new Set(source.episodes.map(({ index }) => index));
  for (const index of only ?? [])
    if (!known.has(index))
      throw new PistarError("bad-option", `${source.root}: expected one of its ${known.size} episodes, got ${index}`, {
        path: source.root,
      });
  const wanted = new Set(only ?? known);
  return source.episodes.filter(({ index }) => wanted.has(index)).map(({ index }) => ({ source, episode: index }));
}

/** The episodes of a dataset without some. */
export function withoutEpisodes(source: LeRobotDataset, episodes: readonly number[]): Piece[] {
  piecesOf(source, episodes);
  return piecesOf(source).filter(({ episode }) => !episodes.includes(episode));
}

/**
 * Consecutive parts of a dataset by share of its episodes, such as 0.8 and 0.2.
 * @param shares above 0, together at most 1
 */
export function partsByShare(source: LeRobotDataset, shares: readonly number[]): Piece[][] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (shares.some((share) => !(share > 0)) || total > 1 + 1e-9)
    throw new PistarError("bad-option", `expected shares above 0 that make at most 1, got ${shares.join(", ")}`);
  const all = piecesOf(source);
  let sum = 0;
  let before = 0;
  return shares.map((share) => {
    sum += share;
    const end = Math.min(all.length, Math.round(sum * all.length));
    const part = all.slice(before, end);
    before = end;
    return part;
  });
}

/**
 * The episodes of several datasets, one after the other.
 * @throws PistarError "wrong-layout" that lists in which fps and features they differ
 */
export function mergedPieces(sources: readonly LeRobotDataset[]): Piece[] {
  const [first, ...others] = sources;
  for (const other of first ? others : []) {
    const differences = differing(first!, other);
    if (differences.length > 0)
      throw new PistarError(
        "wrong-layout",
        `${other.root}: expected the fps and features of ${first!.root}, but ${differences.join("; ")}`,
        { path: other.root },
      );
  }
  return sources.flatMap((source) => piecesOf(source));
}

function differing(a: LeRobotDataset, b: LeRobotDataset): string[] {
  const found: string[] = a.fps === b.fps ? [] : [`fps is ${b.fps}, expected ${a.fps}`];
  for (const name of new Set([...a.features.keys(), ...b.features.keys()])) {
    if (name in defaultFeatures) continue;
    const [left, right] = [a.features.get(name), b.features.get(name)];
    if (!left || !right) found.push(`"${name}" is ${left ? "missing" : "too much"}`);
    else if (left.dtype !== right.dtype || String(left.shape) !== String(right.shape))
      found.push(`"${name}" is ${right.dtype} [${right.shape}], expected ${left.dtype} [${left.shape}]`);
    else if (JSON.stringify(left.names) !== JSON.stringify(right.names))
      found.push(`"${name}" has the names ${JSON.stringify(right.names)}, expected ${JSON.stringify(left.names)}`);
  }
  return found;
}

/** The pieces with other outcomes: "success", "failure", or null to clear, by episode. */
export function withOutcomes(
  pieces: readonly Piece[],
  outcomes: ReadonlyMap<number, "success" | "failure" | null>,
): Piece[] {
  return pieces.map((piece) => {
    const outcome = outcomes.get(piece.episode);
    return outcome === undefined ? piece : { ...piece, extra: { ...piece.extra, episode_success: outcome } };
  });
}

/** The pieces with one episode cut to the frames `from` to `to`. */
export function withCut(pieces: readonly Piece[], episode: number, from: number, to: number): Piece[] {
  return pieces.map((piece) => (piece.episode === episode ? { ...piece, from, to } : piece));
}

/** Refuses features that cannot be dropped: only cameras and columns that the format does not need can. */
export function checkDropped(source: LeRobotDataset, names: readonly string[]): void {
  for (const name of names)
    if (!source.features.has(name) || name in defaultFeatures)
      throw new PistarError(
        "bad-option",
        `${source.root}: expected a feature to drop among ${[...source.features.keys()].filter((other) => !(other in defaultFeatures)).join(", ")}, got "${name}"`,
        { path: source.root },
      );
}

/** What cannot be read of an episode, in one sentence; undefined where all can. Every column and the frames of every camera are read. */
export async function unreadable(source: LeRobotDataset, episode: number): Promise<string | undefined> {
  try {
    await source.columns(episode);
    const { length } = source.episodes.find(({ index }) => index === episode)!;
    for (const [name, feature] of source.features) {
      if (!isCamera(feature)) continue;
      const read = source.cameras.includes(name) ? source.frames : source.depth;
      for (let at = 0; at < length; at += 32)
        await read(
          episode,
          name,
          Array.from({ length: Math.min(32, length - at) }, (_, i) => at + i),
        );
    }
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
