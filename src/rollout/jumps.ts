// Jumps of the SO-101's joint targets between action chunks. Small jumps mean that chunks fit together.
import { type Robot, so101Joints, toRadians } from "../robot/index.ts";
import type { Border } from "./policy-driver.ts";

/** Jumps in degrees: at each border the largest of the five body joints, then mean and maximum over the borders. */
export interface Jumps {
  readonly borders: number;
  readonly mean: number;
  readonly max: number;
}

/** Degrees between the last target of a chunk and the first of the next, for the body joint that jumps furthest. */
export function jumpAt({ before, after }: Border): number {
  const [from, to] = [toRadians(before), toRadians(after)];
  return (180 / Math.PI) * largestStep(from, to);
}

/** The largest step of a body joint. */
const largestStep = (from: ArrayLike<number>, to: ArrayLike<number>): number =>
  Math.max(...Array.from({ length: from.length - 1 }, (_, i) => Math.abs(to[i]! - from[i]!)));

/** The jumps at these borders. Empty for any robot but the SO-101: the joints of others have units of their own. */
export function jumpsAt(borders: readonly Border[], { joints, unit }: Pick<Robot, "joints" | "unit">): number[] {
  const isSo101 = joints.length === so101Joints.length && joints.every(({ name }, i) => name === so101Joints[i]!.name);
  if (!isSo101) return [];
  return borders.map((border) => (unit === "degrees" ? largestStep(border.before, border.after) : jumpAt(border)));
}

/** Mean and maximum. Undefined without a border. */
export function summarise(jumps: readonly number[]): Jumps | undefined {
  if (jumps.length === 0) return undefined;
  const sum = jumps.reduce((total, jump) => total + jump, 0);
  return { borders: jumps.length, mean: sum / jumps.length, max: jumps.reduce((a, b) => Math.max(a, b)) };
}
