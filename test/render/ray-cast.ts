// Depth by solving each primitive's equation along a ray, for comparison with the rasteriser.
import type { Geom } from "./scene.ts";

type Vector = readonly [number, number, number];

/** First root of a t² + 2 b t + c = 0 at which `valid` holds of t. */
function root(a: number, b: number, c: number, valid: (t: number) => boolean): number {
  const square = b * b - a * c;
  if (square < 0) return Infinity;
  const t = (-b - Math.sqrt(square)) / a;
  return t > 0 && valid(t) ? t : Infinity;
}

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The smallest t > 0 at which `origin + t × ray` (the geom's frame) enters the geom; Infinity where it misses. */
function enter({ type, size }: Geom, origin: Vector, ray: Vector): number {
  const at = (t: number, axis: number) => origin[axis]! + t * ray[axis]!;
  const ball = (centre: number, radius: number) => {
    const from: Vector = [origin[0], origin[1], origin[2] - centre];
    return root(dot(ray, ray), dot(ray, from), dot(from, from) - radius * radius, () => true);
  };
  const tube = (radius: number, half: number) =>
    root(
      ray[0] ** 2 + ray[1] ** 2,
      ray[0] * origin[0] + ray[1] * origin[1],
      origin[0] ** 2 + origin[1] ** 2 - radius * radius,
      (t) => Math.abs(at(t, 2)) <= half,
    );
  const [x = 0, y = 0, z = 0] = size;
  switch (type) {
    case "sphere":
      return ball(0, x);
    case "capsule":
      return Math.min(ball(-y, x), ball(y, x), tube(x, y));
    case "ellipsoid": {
      const unit = (v: Vector): Vector => [v[0] / x, v[1] / y, v[2] / z];
      const [o, r] = [unit(origin), unit(ray)];
      return root(dot(r, r), dot(r, o), dot(o, o) - 1, () => true);
    }
    case "cylinder": {
      const caps = [-y, y].map((height) => {
        const t = (height - origin[2]) / ray[2];
        return t > 0 && at(t, 0) ** 2 + at(t, 1) ** 2 <= x * x ? t : Infinity;
      });
      return Math.min(...caps, tube(x, y));
    }
    case "box": {
      const slabs = [x, y, z].map((half, axis) =>
        [-half, half].map((side) => (side - origin[axis]!) / ray[axis]!).sort((a, b) => a - b),
      );
      const [first, last] = [Math.max(...slabs.map(([t]) => t!)), Math.min(...slabs.map(([, t]) => t!))];
      return first <= last && first > 0 ? first : Infinity;
    }
    case "plane": {
      const t = -origin[2] / ray[2];
      const within = (axis: 0 | 1) => !(size[axis]! > 0) || Math.abs(at(t, axis)) <= size[axis]!;
      return ray[2] < 0 && t > 0 && within(0) && within(1) ? t : Infinity;
    }
    case "mesh":
      throw new Error("A mesh has no equation");
  }
}

/** Depth at which the ray (x, y, −1) from the origin of the world enters the geom; with that ray, t is the depth. */
export function rayDepth(geom: Geom, x: number, y: number): number {
  const r = geom.rotation!;
  const local = (v: readonly number[]): Vector => [
    r[0]! * v[0]! + r[3]! * v[1]! + r[6]! * v[2]!,
    r[1]! * v[0]! + r[4]! * v[1]! + r[7]! * v[2]!,
    r[2]! * v[0]! + r[5]! * v[1]! + r[8]! * v[2]!,
  ];
  return enter(geom, local(geom.position!.map((part) => -part)), local([x, y, -1]));
}
