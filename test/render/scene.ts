// Scenes written one geom at a time, and cameras aimed at a point, for the tests of the renderer.

import { createRenderer, type Picture, type Renderer, type RendererOptions } from "../../src/sim/render/renderer.ts";
import { type Camera, type Geoms, geomTypes, type Lighting, type Scene } from "../../src/sim/render/scene.ts";

export interface Geom {
  readonly type: keyof typeof geomTypes;
  readonly size: readonly number[];
  readonly position?: readonly number[];
  readonly rotation?: readonly number[];
  readonly rgba?: readonly number[];
  readonly mesh?: number;
  readonly segmentation?: number;
}

const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const bright: Lighting = { ambient: [1, 1, 1], headlight: [0, 0, 0], directional: [] };

export function sceneOf(list: readonly Geom[], rest: Partial<Scene> = {}): Scene {
  const geoms: Geoms = {
    type: Int32Array.from(list, ({ type }) => geomTypes[type]),
    size: Float64Array.from(list.flatMap(({ size }) => [...size, 0, 0, 0].slice(0, 3))),
    position: Float64Array.from(list.flatMap(({ position }) => position ?? [0, 0, 0])),
    rotation: Float64Array.from(list.flatMap(({ rotation }) => rotation ?? identity)),
    rgba: Float32Array.from(list.flatMap(({ rgba }) => rgba ?? [1, 1, 1, 1])),
    segmentation: Int32Array.from(list, ({ segmentation }, index) => segmentation ?? index),
    mesh: Int32Array.from(list, ({ mesh }) => mesh ?? -1),
  };
  return {
    geoms,
    lighting: bright,
    background: [0, 0, 0],
    ...rest,
  };
}

/** World from local for a unit quaternion (w, x, y, z), row-major. */
export function turned([w, x, y, z]: readonly [number, number, number, number]): number[] {
  return [
    ...[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    ...[2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    ...[2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
}

/** At the origin looking along −z, y up. */
export const straight = (fovy: number): Camera => ({
  position: Float64Array.of(0, 0, 0),
  rotation: Float64Array.from(identity),
  fovy,
});

/** At `from`, looking at `to`, with the world's z up. */
export function aimed(from: readonly number[], to: readonly number[], fovy: number): Camera {
  const unit = (v: readonly number[]) => v.map((part) => part / Math.hypot(...v)) as [number, number, number];
  const cross = (a: readonly number[], b: readonly number[]) => [
    a[1]! * b[2]! - a[2]! * b[1]!,
    a[2]! * b[0]! - a[0]! * b[2]!,
    a[0]! * b[1]! - a[1]! * b[0]!,
  ];
  const back = unit(from.map((part, axis) => part - to[axis]!));
  const right = unit(cross([0, 0, 1], back));
  const up = cross(back, right);
  return {
    position: Float64Array.from(from),
    rotation: Float64Array.from([0, 1, 2].flatMap((axis) => [right[axis]!, up[axis]!, back[axis]!])),
    fovy,
  };
}

export function draw(scene: Scene, camera: Camera, options: RendererOptions): Required<Picture> {
  const pixels = options.width * options.height;
  const into = {
    rgb: new Uint8Array(pixels * 3),
    depth: new Float32Array(pixels),
    segmentation: new Int32Array(pixels),
  };
  const renderer: Renderer = createRenderer(options);
  renderer.render(scene, camera, into);
  return into;
}
