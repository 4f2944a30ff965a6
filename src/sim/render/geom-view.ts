// A geom as the camera sees it: its pose in the camera's frame, its size, and its colour under each light.
import { type Camera, type Geoms, geomTypes, type Lighting } from "./scene.ts";
import type { Samples } from "./triangle.ts";

/** Pose and lighting of the geom to draw. The renderer sets it for one geom after another. */
export interface GeomView {
  /** Camera (right, up, ahead) from geom, row-major. [3, 3] */
  readonly rotation: Float64Array;
  /** The geom's centre in the camera's frame. [3] */
  readonly centre: Float64Array;
  /** Scale of the unit shape along the geom's axes, and the half-length of its shift. [4] */
  readonly scale: Float64Array;
  /** The geom's colour under ambient light, 0..255. [3] */
  readonly ambient: Float64Array;
  /** For each light its direction in the camera's frame (unit length), then the geom's colour under it. [lights, 6] */
  lights: Float64Array;
  lightCount: number;
  /** For each light its direction in the camera's frame, then its own colour; the headlight is first. [lights, 6] */
  lamps: Float64Array;
}

/** The camera's projection to samples. */
export interface Projection {
  /** samples per unit of slope */
  focal: number;
  /** metres ahead */
  readonly near: number;
}

/** An empty view, to be set for one geom after another. */
export function createGeomView(): GeomView {
  return {
    rotation: new Float64Array(9),
    centre: new Float64Array(3),
    scale: new Float64Array(4),
    ambient: new Float64Array(3),
    lights: new Float64Array(6),
    lightCount: 0,
    lamps: new Float64Array(6),
  };
}

/** Turns the scene's lights into the camera's frame. */
export function aimLights(view: GeomView, { headlight, directional }: Lighting, { rotation }: Camera): void {
  const count = directional.length + 1;
  view.lightCount = count;
  if (view.lamps.length < count * 6) {
    view.lamps = new Float64Array(count * 6);
    view.lights = new Float64Array(count * 6);
  }
  const { lamps } = view;
  lamps[2] = -1; // towards the camera
  lamps.set(headlight, 3);
  for (let i = 1; i < count; i++) {
    const { direction, rgb } = directional[i - 1]!;
    const length = -Math.hypot(direction[0], direction[1], direction[2]);
    for (let axis = 0; axis < 3; axis++) {
      const along =
        rotation[axis]! * direction[0] + rotation[axis + 3]! * direction[1] + rotation[axis + 6]! * direction[2];
      lamps[i * 6 + axis] = (axis === 2 ? -along : along) / length;
    }
    lamps.set(rgb, i * 6 + 3);
  }
}

/**
 * Sets the geom's pose in the camera's frame: right, up and ahead (the camera's −z).
 * @throws RangeError unless the poses of geom and camera are finite
 */
export function placeGeom(view: GeomView, { position, rotation }: Geoms, geom: number, camera: Camera): void {
  const x = position[geom * 3]! - camera.position[0]!;
  const y = position[geom * 3 + 1]! - camera.position[1]!;
  const z = position[geom * 3 + 2]! - camera.position[2]!;
  let sum = x + y + z;
  for (let axis = 0; axis < 3; axis++) {
    const sign = axis === 2 ? -1 : 1;
    const ax = camera.rotation[axis]! * sign;
    const ay = camera.rotation[axis + 3]! * sign;
    const az = camera.rotation[axis + 6]! * sign;
    view.centre[axis] = ax * x + ay * y + az * z;
    for (let column = 0, from = geom * 9; column < 3; column++, from++) {
      const value = ax * rotation[from]! + ay * rotation[from + 3]! + az * rotation[from + 6]!;
      view.rotation[axis * 3 + column] = value;
      sum += value;
    }
  }
  if (!Number.isFinite(sum)) throw new RangeError(`Geom ${geom}: expected finite poses of geom and camera`);
}

/** Sets the geom's scale and returns the radius of a sphere around it, metres. */
export function scaleGeom({ scale }: GeomView, { type, size }: Geoms, geom: number, meshRadius: number): number {
  const kind = type[geom]!;
  const [x, y, z] = [size[geom * 3]!, size[geom * 3 + 1]!, size[geom * 3 + 2]!];
  scale[3] = 0;
  switch (kind) {
    case geomTypes.sphere:
    case geomTypes.capsule:
      scale[0] = scale[1] = scale[2] = x;
      scale[3] = kind === geomTypes.capsule ? y : 0;
      return x + scale[3];
    case geomTypes.cylinder:
      scale[0] = scale[1] = x;
      scale[2] = y;
      return Math.hypot(x, y);
    case geomTypes.mesh:
      scale[0] = scale[1] = scale[2] = 1;
      return meshRadius;
    default:
      scale[0] = x;
      scale[1] = y;
      scale[2] = z;
      return kind === geomTypes.box ? Math.hypot(x, y, z) : Math.max(x, y, z);
  }
}

/** Whether a sphere of `radius` around the geom lies outside the picture. */
export function isOutside(
  { centre }: GeomView,
  { focal, near }: Projection,
  { width, height }: Samples,
  radius: number,
): boolean {
  const [x, y, depth] = [centre[0]!, centre[1]!, centre[2]!];
  if (depth + radius < near) return true;
  const across = width / 2 / focal;
  const up = height / 2 / focal;
  return (
    Math.abs(x) - depth * across > radius * Math.sqrt(1 + across * across) ||
    Math.abs(y) - depth * up > radius * Math.sqrt(1 + up * up)
  );
}

/** Sets the geom's colour under each light, 0..255, from its own colour, 0 to 1. */
export function paintGeom(view: GeomView, lighting: Lighting, red: number, green: number, blue: number): void {
  const { ambient, lights, lamps, lightCount } = view;
  for (let channel = 0; channel < 3; channel++) {
    const colour = 255 * (channel === 0 ? red : channel === 1 ? green : blue);
    ambient[channel] = colour * lighting.ambient[channel]!;
    for (let i = 0; i < lightCount * 6; i += 6) {
      lights[i + channel] = lamps[i + channel]!;
      lights[i + 3 + channel] = colour * lamps[i + 3 + channel]!;
    }
  }
}
