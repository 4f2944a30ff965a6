// One line of progress, fitted to the terminal. If there is too little room, whole phrases are left out. No number is ever cut.
import { duration, number } from "../system/index.ts";

export interface Progress {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** Things done per second; 0 if it is not known yet. */
  readonly perSecond: number;
  /** Such as a training's loss. */
  readonly note: string;
}

const shortestBar = 8;
const longestBar = 40;

/** @param width characters of the line */
export function progressLine(progress: Progress, width: number): string {
  const { label, done, total } = progress;
  const [rate, left] = speedOf(progress);
  const { note } = progress;
  const counts = `${done}/${total}`;
  for (const phrases of [[rate, left, note], [left, note], [left], []]) {
    const tail = [counts, ...phrases.filter((phrase) => phrase !== "")].join("  ");
    const room = width - label.length - tail.length - 4;
    if (room >= shortestBar) return `${label}  ${bar(done, total, Math.min(room, longestBar))}  ${tail}`;
  }
  const short = label.slice(0, Math.max(0, width - counts.length - 3));
  return `${short}${short === label ? "" : "…"}  ${counts}`;
}

/** Such as "12/s" and "40 s left"; empty if nothing is known yet. */
export function speedOf({ done, total, perSecond }: Progress): [rate: string, left: string] {
  if (!(perSecond > 0)) return ["", ""];
  return [`${number(perSecond)}/s`, done < total ? `${duration((total - done) / perSecond)} left` : ""];
}

function bar(done: number, total: number, length: number): string {
  const full = total > 0 ? Math.round((Math.min(done, total) / total) * length) : 0;
  return "█".repeat(full) + "░".repeat(length - full);
}
