// Rotations about the vertical of symmetric objects.
import type { Pose } from "../physics.ts";

/** The smallest rotation equivalent to `angle` for a shape of `symmetry` equal sides, radians. */
export function sameTurn(angle: number, symmetry: number): number {
  return Math.atan2(Math.sin(symmetry * angle), Math.cos(symmetry * angle)) / symmetry;
}

/** The rotation about z of an upright object, either end up, radians. */
export function yawOf({ quaternion: [w, x, y, z] }: Pose): number {
  return Math.atan2(2 * (w * z + x * y), 1 - 2 * (y ** 2 + z ** 2));
}
