// Frozen cameras and the brightness of pictures, by frames spread over each episode.
import type { LeRobotDataset } from "../dataset.ts";
import type { Image } from "../types.ts";
import { asOption, type Finding, listed } from "./finding.ts";
import type { Motion } from "./motion.ts";

/** Sampled frames of an episode. */
const looked = 8;

/** Mean difference of two equal pictures, at most, in grey levels of 255. */
const same = 0.25;

/** The least motion between two frames, in ranges of a component. */
const moved = 0.05;

/** Told how many episodes are looked at, of how many. */
type Progress = (done: number, total: number) => void;

/** The brightness of one picture, 0 to 1. */
export interface Light {
  readonly episode: number;
  readonly frame: number;
  readonly brightness: number;
}

/** @param motions of the episodes: a still picture is right while the robot stands still */
export async function lookAtCameras(
  dataset: LeRobotDataset,
  motions: readonly Motion[],
  progress?: Progress,
): Promise<{ readonly findings: Finding[]; readonly lights: Light[] }> {
  const { root, cameras, episodes } = dataset;
  const lights: Light[] = [];
  if (cameras.length === 0)
    return {
      findings: [
        {
          weight: "bad",
          text: "There is no camera; the networks see through at least one.",
          mend: `pistar dataset info ${root}`,
        },
      ],
      lights,
    };
  const byEpisode = new Map(motions.map((motion) => [motion.episode, motion]));
  const frozen = new Map<string, number[]>();
  const unread: number[] = [];
  for (const [at, { index, length }] of episodes.entries()) {
    const frames = [
      ...new Set(Array.from({ length: looked }, (_, i) => Math.round((i * (length - 1)) / (looked - 1)))),
    ];
    for (const camera of cameras) {
      try {
        const images = await dataset.frames(index, camera, frames);
        if (isFrozen(images, frames, byEpisode.get(index))) frozen.set(camera, [...(frozen.get(camera) ?? []), index]);
        if (camera === cameras[0])
          for (const [i, image] of images.entries())
            lights.push({ episode: index, frame: frames[i]!, brightness: brightnessOf(image) });
      } catch {
        if (!unread.includes(index)) unread.push(index);
      }
    }
    progress?.(at + 1, episodes.length);
  }
  const findings: Finding[] = [...frozen].map(([camera, numbers]) => ({
    weight: "care",
    text: `Camera "${camera}" shows one and the same picture while the robot moves, in episodes ${listed(numbers)}.`,
    mend: `pistar dataset edit delete ${root} ${root}-cleaned --episodes ${asOption(numbers)}`,
  }));
  if (unread.length > 0)
    findings.push({
      weight: "bad",
      text: `Pictures of episodes ${listed(unread)} cannot be read.`,
      mend: `pistar dataset edit drop-unreadable ${root} ${root}-readable`,
    });
  return { findings, lights };
}

/** Whether two neighbours among the pictures are the same, although the robot moves between them. */
function isFrozen(images: readonly Image[], frames: readonly number[], motion: Motion | undefined): boolean {
  return images.some((image, at) => {
    const before = images[at - 1];
    return before !== undefined && difference(before, image) < same && moves(motion, frames[at - 1]!, frames[at]!);
  });
}

function moves(motion: Motion | undefined, from: number, to: number): boolean {
  if (!motion) return true;
  const { actions, width } = motion;
  for (let frame = from + 1; frame <= to; frame++)
    for (let at = 0; at < width; at++)
      if (Math.abs(actions[frame * width + at]! - actions[from * width + at]!) > moved) return true;
  return false;
}

function difference({ data: a }: Image, { data: b }: Image): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs(a[at]! - b[at]!);
  return sum / Math.max(1, a.length);
}

function brightnessOf({ data }: Image): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum / (255 * Math.max(1, data.length));
}
