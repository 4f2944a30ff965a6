// Draws a plane ray by ray. Over the picture, 1/depth is linear, and so are the plane's own coordinates times 1/depth.
import { type GeomView, type Projection, paintGeom } from "./geom-view.ts";
import type { Scene } from "./scene.ts";
import type { Samples } from "./triangle.ts";

/** Added to a number of squares to make it positive; even. Truncation is then its floor. */
const far = 2 ** 24;

/** The plane in the camera's frame (right, up, ahead) and its colours. */
export interface PlaneView {
  /** World axes of the plane in the camera's frame, rows x, y, z (normal). [3, 3] */
  readonly axes: Float64Array;
  /** Its centre from the camera. [3] */
  readonly centre: Float64Array;
  /** Half-sides, 0 = without end. [2] */
  readonly half: Float64Array;
  /** Its normal, the last of its axes. [3] */
  readonly normal: Float64Array;
  /** Colours of even and odd squares, packed as in `Samples`. */
  even: number;
  odd: number;
  /** Side of a square, metres. Infinity: all is `even`. */
  side: number;
}

/** A plane view for the geom in `view`. */
export function createPlaneView({ centre }: GeomView): PlaneView {
  const axes = new Float64Array(9);
  return {
    axes,
    centre,
    half: new Float64Array(2),
    normal: axes.subarray(6),
    even: 0,
    odd: 0,
    side: Infinity,
  };
}

/** Draws a geom of type plane, placed and painted in `view`, with the scene's checkers if it is endless. */
export function drawPlane(
  samples: Samples,
  plane: PlaneView,
  view: GeomView,
  { focal, near }: Projection,
  { geoms, lighting, checker }: Scene,
  geom: number,
): void {
  const { rotation } = view;
  for (let axis = 0; axis < 3; axis++) {
    plane.axes[axis * 3] = rotation[axis]!;
    plane.axes[axis * 3 + 1] = rotation[axis + 3]!;
    plane.axes[axis * 3 + 2] = rotation[axis + 6]!;
  }
  plane.half[0] = geoms.size[geom * 3]!;
  plane.half[1] = geoms.size[geom * 3 + 1]!;
  plane.even = shade(view, plane.normal);
  plane.side = Infinity;
  if (checker && !(plane.half[0]! > 0 || plane.half[1]! > 0)) {
    plane.side = checker.side;
    const [red, green, blue] = checker.rgb;
    paintGeom(view, lighting, red, green, blue);
    plane.odd = shade(view, plane.normal);
  }
  fillPlane(samples, plane, focal, near, geoms.segmentation[geom]!);
}

/** The packed colour of a painted surface with this normal, in the camera's frame. */
function shade({ ambient, lights, lightCount }: GeomView, normal: Float64Array): number {
  let packed = 0;
  for (let channel = 0; channel < 3; channel++) {
    let value = ambient[channel]!;
    for (let i = 0; i < lightCount * 6; i += 6) {
      const cosine = lights[i]! * normal[0]! + lights[i + 1]! * normal[1]! + lights[i + 2]! * normal[2]!;
      value += lights[i + 3 + channel]! * Math.max(0, cosine);
    }
    packed |= (Math.min(value, 255) + 0.5) << (8 * channel);
  }
  return packed;
}

/** Draws a plane, seen from its front (+z), at its nearest samples beyond `near` metres. `focal` is in samples. */
function fillPlane(samples: Samples, plane: PlaneView, focal: number, near: number, id: number): void {
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
