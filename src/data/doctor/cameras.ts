// Cameras that froze, by frames spread over each episode.
import type { LeRobotDataset } from "../dataset.ts";
import { asOption, type Finding, listed } from "./finding.ts";

/** Frames of an episode that are compared. */
const looked = 6;

/** Told how many episodes are looked at, of how many. */
type Progress = (done: number, total: number) => void;

export async function cameraFindings(dataset: LeRobotDataset, progress?: Progress): Promise<Finding[]> {
  const { root, cameras, episodes } = dataset;
  if (cameras.length === 0)
    return [{ weight: "bad", text: "There is no camera; the networks see through at least one." }];
  const frozen = new Map<string, number[]>();
  const unread: number[] = [];
  for (const [at, { index, length }] of episodes.entries()) {
    const frames = [
      ...new Set(Array.from({ length: looked }, (_, i) => Math.round((i * (length - 1)) / (looked - 1)))),
    ];
    for (const camera of cameras) {
      try {
        const images = await dataset.frames(index, camera, frames);
        const [first, ...others] = images.map(({ data }) => Buffer.from(data));
        if (others.length > 0 && others.every((other) => other.equals(first!)))
          frozen.set(camera, [...(frozen.get(camera) ?? []), index]);
      } catch {
        if (!unread.includes(index)) unread.push(index);
      }
    }
    progress?.(at + 1, episodes.length);
  }
  const findings: Finding[] = [...frozen].map(([camera, numbers]) => ({
    weight: "care",
    text: `Camera "${camera}" shows one and the same picture throughout episodes ${listed(numbers)}.`,
    mend: `pistar dataset edit delete ${root} ${root}-cleaned --episodes ${asOption(numbers)}`,
  }));
  if (unread.length > 0)
    findings.push({
      weight: "bad",
      text: `Pictures of episodes ${listed(unread)} cannot be read.`,
      mend: `pistar dataset edit drop-unreadable ${root} ${root}-readable`,
    });
  return findings;
}
