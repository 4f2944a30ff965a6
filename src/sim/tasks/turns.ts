// Turns about the vertical of things that look the same from several sides.
import type { Pose } from "../physics.ts";

/** The smallest turn that does to a shape of `symmetry` equal sides what a turn by `angle` does, radians. */
export function sameTurn(angle: number, symmetry: number): number {
  return Math.atan2(Math.sin(symmetry * angle), Math.cos(symmetry * angle)) / symmetry;
}

/** The turn about z of what stands upright, either end up, radians. */
export function yawOf({ quaternion: [w, x, y, z] }: Pose): number {
  return Math.atan2(2 * (w * z + x * y), 1 - 2 * (y ** 2 + z ** 2));
}
