// Draws a plane ray by ray. Over the picture, 1/depth is linear, and so are the plane's own coordinates times 1/depth.
import type { Samples } from "./triangle.ts";

/** Added to a number of squares to make it positive; even. Truncation is then its floor. */
const far = 2 ** 24;

/** The plane in the camera's frame (right, up, ahead) and its colours. */
export interface PlaneView {
  /** World axes of the plane as seen from the camera, rows x, y, z (normal). [3, 3] */
  readonly axes: Float64Array;
  /** Its centre from the camera. [3] */
  readonly centre: Float64Array;
  /** Half-sides, 0 = without end. [2] */
  readonly half: Float64Array;
  /** Colours of even and odd squares, packed as in `Samples`. */
  even: number;
  odd: number;
  /** Side of a square, metres. Infinity: all is `even`. */
  side: number;
}

/** Draws a plane, seen from its front (+z), at its nearest samples beyond `near` metres. `focal` is in samples. */
export function fillPlane(samples: Samples, plane: PlaneView, focal: number, near: number, id: number): void {
  const { axes, centre, half, even, odd, side } = plane;
  const [cx, cy, cz] = [centre[0]!, centre[1]!, centre[2]!];
  const away = axes[6]! * cx + axes[7]! * cy + axes[8]! * cz; // the camera's height above the plane is −away
  if (!(away < 0)) return;
  const { width, height, inverse: nearest, colour, id: ids } = samples;
  const halfX = half[0]! > 0 ? half[0]! : Infinity;
  const halfY = half[1]! > 0 ? half[1]! : Infinity;
  const plain = side === Infinity && halfX === Infinity && halfY === Infinity;
  const limit = 1 / near;
  // The ray through a sample is (right, up, 1). Increment of each coordinate for a sample to the right:
  const inverseRight = axes[6]! / focal / away;
  const xRight = axes[0]! / focal;
  const yRight = axes[3]! / focal;
  const x0 = axes[0]! * cx + axes[1]! * cy + axes[2]! * cz;
  const y0 = axes[3]! * cx + axes[4]! * cy + axes[5]! * cz;
  const right = (0.5 - width / 2) / focal;
  const squares = 1 / side;
  for (let row = 0; row < height; row++) {
    const up = (height / 2 - row - 0.5) / focal;
    const inverseRow = (axes[6]! * right + axes[7]! * up + axes[8]!) / away;
    if (inverseRow <= 0 && inverseRow + inverseRight * width <= 0) continue; // above the horizon
    const xRow = axes[0]! * right + axes[1]! * up + axes[2]!;
    const yRow = axes[3]! * right + axes[4]! * up + axes[5]!;
    for (let step = 0, at = row * width; step < width; step++, at++) {
      const inverse = inverseRow + inverseRight * step;
      if (!(inverse > nearest[at]! && inverse <= limit)) continue;
      let packed = even;
      if (!plain) {
        const depth = 1 / inverse;
        const x = (xRow + xRight * step) * depth - x0;
        const y = (yRow + yRight * step) * depth - y0;
        if (Math.abs(x) > halfX || Math.abs(y) > halfY) continue;
        if ((((x * squares + far) | 0) ^ ((y * squares + far) | 0)) & 1) packed = odd;
      }
      nearest[at] = inverse;
      ids[at] = id;
      colour[at] = packed;
    }
  }
}
