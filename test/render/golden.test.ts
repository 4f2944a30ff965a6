// Golden images: reviewed once, every byte must stay. To renew one, delete it under test/golden/render, run this test
// and look at the new one.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect, test } from "vitest";
import type { RendererOptions } from "../../src/sim/render/renderer.ts";
import type { Camera, Mesh, Scene } from "../../src/sim/render/scene.ts";
import { aimed, draw, sceneOf, turned } from "./scene.ts";

const lighting = {
  ambient: [0.25, 0.25, 0.25],
  headlight: [0.3, 0.3, 0.3],
  directional: [
    { direction: [1, 1, -2], rgb: [0.5, 0.5, 0.45] },
    { direction: [-1, 0.5, -0.5], rgb: [0.1, 0.1, 0.2] },
  ],
} as const;
const rest = { lighting, background: [0.65, 0.75, 0.85], checker: { rgb: [0.35, 0.35, 0.4], side: 0.25 } } as const;

/** A four-sided pyramid on the ground, open below. */
const pyramid: Mesh = {
  vertices: Float32Array.of(-0.2, -0.2, 0, 0.2, -0.2, 0, 0.2, 0.2, 0, -0.2, 0.2, 0, 0, 0, 0.45),
  faces: Uint32Array.of(0, 1, 4, 1, 2, 4, 2, 3, 4, 3, 0, 4),
};
const tilt = Math.SQRT1_2;

const primitives = sceneOf(
  [
    { type: "plane", size: [], rgba: [0.55, 0.55, 0.5, 1] },
    { type: "sphere", size: [0.2], position: [-0.6, -0.3, 0.2], rgba: [0.9, 0.15, 0.1, 1] },
    {
      type: "capsule",
      size: [0.12, 0.2],
      position: [0, -0.3, 0.12],
      rotation: turned([tilt, 0, tilt, 0]),
      rgba: [0.95, 0.8, 0.1, 1],
    },
    { type: "ellipsoid", size: [0.25, 0.12, 0.18], position: [0.62, -0.3, 0.18], rgba: [0.2, 0.7, 0.25, 1] },
    { type: "cylinder", size: [0.18, 0.25], position: [-0.6, 0.4, 0.25], rgba: [0.15, 0.35, 0.9, 1] },
    {
      type: "box",
      size: [0.2, 0.15, 0.25],
      position: [0, 0.4, 0.25],
      rotation: turned([0.92388, 0, 0, 0.382683]),
      rgba: [0.6, 0.25, 0.75, 1],
    },
    { type: "mesh", size: [], mesh: 0, position: [0.62, 0.4, 0], rgba: [0.95, 0.5, 0.15, 1] },
  ],
  rest,
);

/** A gripper's view of a cube on a marked target, close by. */
const grasp = sceneOf(
  [
    { type: "plane", size: [], rgba: [0.8, 0.75, 0.65, 1] },
    { type: "plane", size: [0.05, 0.05], position: [0.02, 0.06, 0.001], rgba: [0.2, 0.7, 0.3, 1] },
    { type: "box", size: [0.0125, 0.0125, 0.0125], position: [0, 0.02, 0.0125], rgba: [0.85, 0.1, 0.1, 1] },
    { type: "box", size: [0.004, 0.05, 0.01], position: [-0.03, -0.02, 0.04], rgba: [0.95, 0.8, 0.1, 1] },
    { type: "box", size: [0.004, 0.05, 0.01], position: [0.03, -0.02, 0.04], rgba: [0.95, 0.8, 0.1, 1] },
    { type: "cylinder", size: [0.015, 0.03], position: [-0.02, -0.09, 0.03], rgba: [0.4, 0.4, 0.45, 1] },
  ],
  { ...rest, checker: { rgb: [0.75, 0.7, 0.6], side: 0.04 } },
);

async function golden(name: string, scene: Scene, camera: Camera, options: RendererOptions): Promise<void> {
  const { rgb } = draw(scene, camera, options);
  const file = fileURLToPath(new URL(`../golden/render/${name}.png`, import.meta.url));
  const raw = { width: options.width, height: options.height, channels: 3 } as const;
  if (!existsSync(file)) {
    if (process.env.CI) throw new Error(`${file} is missing`);
    await sharp(rgb, { raw }).png().toFile(file);
  }
  const kept = await sharp(file).removeAlpha().raw().toBuffer();
  expect(Buffer.compare(kept, rgb)).toBe(0);
}

test("all primitives, 96×96", () =>
  golden("primitives", primitives, aimed([0, -2.1, 1.6], [0, 0.05, 0.15], 45), {
    width: 96,
    height: 96,
    meshes: [pyramid],
  }));

test("a gripper's view, 64×64, 2×2 samples", () =>
  golden("grasp", grasp, aimed([0.02, -0.12, 0.14], [0, 0.01, 0.01], 60), { width: 64, height: 64, samples: 2 }));
