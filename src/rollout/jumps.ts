// How far the SO-101's targets jump where one action chunk takes over from another, which says how well chunks fit together.
import { toRadians } from "../robot/index.ts";
import type { Border } from "./policy-driver.ts";

/** Jumps between chunks in degrees: the largest of the five joints' (not the gripper's) at each border, then the mean and the largest of all. */
export interface Jumps {
  readonly borders: number;
  readonly mean: number;
  readonly max: number;
}

/** Degrees between the last target of a chunk and the first of the next one, of the joint that jumps furthest; the gripper does not count. */
export function jumpAt({ before, after }: Border): number {
  const [from, to] = [toRadians(before), toRadians(after)];
  const body = from.slice(0, -1);
  return (180 / Math.PI) * Math.max(...body.map((angle, i) => Math.abs(to[i]! - angle)));
}

/** Undefined where there was no border. */
export function summarise(jumps: readonly number[]): Jumps | undefined {
  if (jumps.length === 0) return undefined;
  const sum = jumps.reduce((total, jump) => total + jump, 0);
  return { borders: jumps.length, mean: sum / jumps.length, max: jumps.reduce((a, b) => Math.max(a, b)) };
}
