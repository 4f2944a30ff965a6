// Checks the columns common to all datasets: each row must be the frame of its place.
import type { LeRobotDataset } from "./dataset.ts";
import type { EpisodeRecord } from "./episodes.ts";
import { toleranceSeconds } from "./frame-decoder.ts";
import type { Column } from "./types.ts";

/** The value of each default column by frame. */
export function expectedRows(
  { index, fromIndex }: Pick<EpisodeRecord, "index" | "fromIndex">,
  fps: number,
): Readonly<Record<string, (frame: number) => number>> {
  return {
    frame_index: (frame) => frame,
    episode_index: () => index,
    index: (frame) => fromIndex + frame,
    timestamp: (frame) => frame / fps,
  };
}

/**
 * How an episode's timestamps lie to frame / fps:
 * - exact: within the tolerance of LeRobot's video reader.
 * - last: only the last is off, by a frame at most.
 * - recorded: each within half a frame, as real clocks measure.
 * - wrong: anything else.
 */
export function timing(timestamps: ArrayLike<number | bigint>, fps: number): "exact" | "last" | "recorded" | "wrong" {
  const first = firstInexact(timestamps, fps);
  if (first === -1) return "exact";
  const off = Float64Array.from(timestamps as ArrayLike<number>, (time, frame) => Math.abs(Number(time) - frame / fps));
  if (first === off.length - 1 && off[first]! <= 1.5 / fps) return "last";
  return off.every((value) => value <= 0.5 / fps) ? "recorded" : "wrong";
}

/** The first frame with a timestamp other than frame / fps, or −1. 32-bit floats far from zero are coarse. */
export function firstInexact(timestamps: ArrayLike<number | bigint>, fps: number): number {
  for (let frame = 0; frame < timestamps.length; frame++) {
    const time = frame / fps;
    if (!(Math.abs(Number(timestamps[frame]) - time) <= toleranceSeconds + time * 2 ** -23)) return frame;
  }
  return -1;
}

/** The first misplaced row of an episode as a sentence, or undefined. Times are left to `timing`. */
export async function misplacedRow(dataset: LeRobotDataset, episode: EpisodeRecord): Promise<string | undefined> {
  const names = ["index", "episode_index", "frame_index"].filter((name) => dataset.features.has(name));
  for (const [name, { data }] of await dataset.columns(episode.index, names)) {
    // Where an episode before was deleted, `index` may begin later; within the episode it must go on by one.
    const fromIndex = name === "index" && data.length > 0 ? Number(data[0]) : episode.fromIndex;
    const expected = expectedRows({ ...episode, fromIndex }, dataset.fps);
    const frame = firstOther(data, expected[name]!);
    if (frame !== undefined)
      return `column "${name}", frame ${frame}: expected ${expected[name]!(frame)}, got ${data[frame]}`;
  }
  return undefined;
}

function firstOther(data: Column["data"], expected: (frame: number) => number): number | undefined {
  for (let frame = 0; frame < data.length; frame++) if (Number(data[frame]) !== expected(frame)) return frame;
  return undefined;
}
