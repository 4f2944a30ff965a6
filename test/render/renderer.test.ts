import { expect, test } from "vitest";
import { createRenderer } from "../../src/sim/render/renderer.ts";
import type { Mesh } from "../../src/sim/render/scene.ts";
import { aimed, draw, type Geom, sceneOf, straight } from "./scene.ts";

const count = (segmentation: Int32Array, id: number) => segmentation.filter((found) => found === id).length;

test("a point lands where the pinhole projection puts it", () => {
  // 90° and 64 rows: the focal length is 32 pixels. (0.5, 0.25) at 2 m ahead is 8 pixels right and 4 up of the middle (32, 32).
  const ball = { type: "sphere", size: [0.04], position: [0.5 + 1 / 32, 0.25 + 1 / 32, -2] } as const;
  const { segmentation } = draw(sceneOf([ball]), straight(90), { width: 64, height: 64 });
  expect([...segmentation.keys()].filter((at) => segmentation[at] === 0)).toEqual([27 * 64 + 40]);
});

test("the picture is wider than high without changing the scale", () => {
  const ball = { type: "sphere", size: [0.04], position: [2.53125, 0.28125, -2] } as const;
  const { segmentation } = draw(sceneOf([ball]), straight(90), { width: 96, height: 64 });
  expect(segmentation[27 * 96 + 48 + 40]).toBe(0);
});

test("depth in the middle of a box, a sphere and a plane; Infinity on the background", () => {
  const options = { width: 65, height: 65 };
  const middle = 32 * 65 + 32;
  const depth = (geom: Geom) => draw(sceneOf([geom]), straight(60), options).depth;
  expect(depth({ type: "box", size: [0.1, 0.2, 0.3], position: [0, 0, -2] })[middle]).toBeCloseTo(1.7, 5);
  // Facets of round shapes may be a quarter of a pixel off, which is 0.0076 m here.
  expect(Math.abs(depth({ type: "sphere", size: [0.3], position: [0, 0, -2] })[middle]! - 1.7)).toBeLessThan(0.0076);
  expect(Math.abs(depth({ type: "capsule", size: [0.2, 0.3], position: [0, 0, -2] })[middle]! - 1.5)).toBeLessThan(
    0.0076,
  );
  expect(depth({ type: "cylinder", size: [0.2, 0.3], position: [0, 0, -2] })[middle]).toBeCloseTo(1.7, 5);
  const plane = depth({ type: "plane", size: [0.1, 0, 0], position: [0, 0, -2] });
  expect(plane[middle]).toBeCloseTo(2, 5);
  expect(plane[middle + 20]).toBe(Infinity); // 20 pixels are 0.7 m; the plane ends at 0.1 m
  expect(plane[32]).toBeCloseTo(2, 5); // and has no end along y
});

test("silhouettes have the area of the formulae", () => {
  // From far away with a narrow view: nearly parallel rays, 100 pixels a metre.
  const distance = 100;
  const fovy = (2 * Math.atan(0.5 / distance) * 180) / Math.PI;
  const sideways = [0, 0, 1, 1, 0, 0, 0, 1, 0]; // the geom's z lies along the world's x
  const area = (geom: Geom) =>
    count(
      draw(sceneOf([{ ...geom, position: [0, 0, -distance] }]), straight(fovy), { width: 100, height: 100 })
        .segmentation,
      0,
    );
  const close = (geom: Geom, expected: number) => expect(Math.abs(area(geom) / expected - 1)).toBeLessThan(0.02);
  close({ type: "sphere", size: [0.3] }, Math.PI * 900);
  close({ type: "ellipsoid", size: [0.4, 0.2, 0.1] }, Math.PI * 800);
  close({ type: "box", size: [0.4, 0.2, 0.1] }, 80 * 40);
  close({ type: "cylinder", size: [0.3, 0.1] }, Math.PI * 900);
  close({ type: "cylinder", size: [0.2, 0.3], rotation: sideways }, 40 * 60);
  close({ type: "capsule", size: [0.1, 0.3], rotation: sideways }, 20 * 60 + Math.PI * 100);
  close({ type: "plane", size: [0.4, 0.2, 0.1] }, 80 * 40);
});

test("colours are Lambert's law times the geom's own", () => {
  const box = { type: "box", size: [1, 1, 1], position: [0, 0, -3], rgba: [1, 0.5, 0, 1] } as const;
  const lighting = {
    ambient: [0.1, 0.1, 0.1],
    headlight: [0.2, 0.2, 0.2],
    directional: [{ direction: [0, -3, -4], rgb: [0.5, 0.25, 0.5] }],
  } as const;
  const shade = (geom: Geom) =>
    [...draw(sceneOf([geom], { lighting }), straight(40), { width: 9, height: 9 }).rgb].slice(40 * 3, 41 * 3);
  // Facing the camera: the cosine to the light is 4/5, to the headlight 1: 0.1 + 0.2 + 0.4 = 0.7 and 0.5 × (0.1 + 0.2 + 0.2) = 0.25.
  expect(shade(box)).toEqual([179, 64, 0]);
  expect(shade({ ...box, type: "plane" })).toEqual([179, 64, 0]);
});

test("nearer geoms hide farther ones in any order, and hidden geoms are not drawn", () => {
  const near = { type: "box", size: [0.1, 0.1, 0.1], position: [0, 0, -1] } as const;
  const far = { type: "sphere", size: [0.4], position: [0, 0, -2] } as const;
  const at = (geoms: Geom[]) =>
    draw(sceneOf(geoms), straight(60), { width: 33, height: 33 }).segmentation[16 * 33 + 16];
  expect(at([near, far])).toBe(0);
  expect(at([far, near])).toBe(1);
  expect(at([far, { ...near, segmentation: -1 }])).toBe(0);
  expect(at([far, { ...near, rgba: [1, 1, 1, 0] }])).toBe(0);
  expect(at([{ ...far, segmentation: 70 }])).toBe(70);
});

test("closed shapes are hollow from inside, planes invisible from behind", () => {
  const inside = draw(sceneOf([{ type: "box", size: [1, 1, 1] }]), straight(60), { width: 8, height: 8 });
  expect(count(inside.segmentation, -1)).toBe(64);
  const below = aimed([0, -1, -1], [0, 0, 0], 60);
  expect(count(draw(sceneOf([{ type: "plane", size: [] }]), below, { width: 8, height: 8 }).segmentation, -1)).toBe(64);
});

test("a checkered plane changes colour every `side` metres", () => {
  const scene = sceneOf([{ type: "plane", size: [], position: [0, 0, -1] }], {
    checker: { rgb: [0, 0, 1], side: 0.25 },
  });
  const { rgb } = draw(scene, straight(90), { width: 16, height: 16 }); // 2 m across: 2 pixels a square
  const colour = (x: number, y: number) => [...rgb.slice((y * 16 + x) * 3, (y * 16 + x) * 3 + 3)];
  for (let y = 0; y < 16; y++)
    for (let x = 0; x < 16; x++)
      expect(colour(x, y)).toEqual(((x >> 1) + ((15 - y) >> 1)) % 2 === 0 ? [255, 255, 255] : [0, 0, 255]);
});

test("a triangle through the near plane is cut there", () => {
  // A wall along the line of sight, 1 m to the left, from 10 m ahead to 10 m behind, 2 m high.
  const wall: Mesh = {
    vertices: Float32Array.of(-1, -1, 10, -1, 1, 10, -1, 1, -10, -1, -1, -10),
    faces: Int32Array.of(0, 2, 1, 0, 3, 2),
  };
  const scene = sceneOf([{ type: "mesh", size: [], mesh: 0 }]);
  const { depth, segmentation } = draw(scene, straight(90), { width: 64, height: 64, near: 1.25, meshes: [wall] });
  for (let y = 0; y < 64; y++)
    for (let x = 0; x < 64; x++) {
      const slope = (31.5 - x) / 32; // the ray is 1 m to the left after 1/slope metres
      const height = Math.abs(31.5 - y) / 32 / slope;
      const seen = slope > 0.1 && 1 / slope > 1.25 && height < 1;
      expect(segmentation[y * 64 + x]).toBe(seen ? 0 : -1);
      if (seen) expect(Math.abs(depth[y * 64 + x]! * slope - 1)).toBeLessThan(0.01);
    }
});

test("supersampling is the mean of the samples, with the depth and number of the nearest", () => {
  const scene = sceneOf(
    [
      { type: "plane", size: [] },
      { type: "sphere", size: [0.3], position: [0, 0, 0.3], rgba: [1, 0.2, 0.1, 1] },
      { type: "box", size: [0.2, 0.1, 0.4], position: [0.3, 0.2, 0.4], rgba: [0.1, 0.4, 0.9, 1] },
    ],
    {
      checker: { rgb: [0, 0, 0], side: 0.1 },
      lighting: { ambient: [0.3, 0.3, 0.3], headlight: [0.7, 0.6, 0.5], directional: [] },
    },
  );
  const camera = aimed([1, -1, 0.8], [0, 0, 0.2], 50);
  const fine = draw(scene, camera, { width: 64, height: 48 });
  const coarse = draw(scene, camera, { width: 32, height: 24, samples: 2 });
  for (let y = 0; y < 24; y++)
    for (let x = 0; x < 32; x++) {
      const four = [0, 1, 64, 65].map((step) => 2 * y * 64 + 2 * x + step);
      for (let channel = 0; channel < 3; channel++) {
        const sum = four.reduce((total, at) => total + fine.rgb[at * 3 + channel]!, 0);
        expect(coarse.rgb[(y * 32 + x) * 3 + channel]).toBe(Math.floor((sum + 2) / 4));
      }
      const nearest = four.reduce((best, at) => (fine.depth[at]! < fine.depth[best]! ? at : best));
      expect(coarse.depth[y * 32 + x]).toBe(fine.depth[nearest]);
      expect(coarse.segmentation[y * 32 + x]).toBe(fine.segmentation[nearest]);
    }
});

test("one renderer gives the same bytes whatever it drew before", () => {
  const renderer = createRenderer({ width: 20, height: 20, samples: 2 });
  const scene = sceneOf([{ type: "capsule", size: [0.2, 0.2], position: [0, 0, -1] }]);
  const [first, other, again] = [0, 1, 2].map(() => new Uint8Array(1200)) as [Uint8Array, Uint8Array, Uint8Array];
  renderer.render(scene, straight(60), { rgb: first });
  renderer.render(sceneOf([{ type: "box", size: [9, 9, 1], position: [0, 0, -2] }]), straight(90), { rgb: other });
  renderer.render(scene, straight(60), { rgb: again });
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test("wrong input is named", () => {
  const renderer = createRenderer({ width: 4, height: 4 });
  const scene = sceneOf([{ type: "sphere", size: [1], position: [0, 0, -3] }]);
  const render = (geoms: Partial<typeof scene.geoms>) => () =>
    renderer.render({ ...scene, geoms: { ...scene.geoms, ...geoms } }, straight(60), {});
  expect(render({ position: new Float64Array(0) })).toThrow(/geoms.position to hold 3 numbers, got 0 .*detach/);
  expect(render({ position: Float64Array.of(0, NaN, 0) })).toThrow(/Geom 0: expected finite poses/);
  expect(render({ type: Int32Array.of(1) })).toThrow(/Geom 0: expected a plane, .* got type 1/);
  expect(render({ type: Int32Array.of(7) })).toThrow(/Geom 0: expected one of the renderer's 0 meshes, got number -1/);
  expect(() => renderer.render(scene, straight(180), {})).toThrow(/fovy .* got 180/);
  expect(() => renderer.render(scene, straight(60), { rgb: new Uint8Array(16) })).toThrow(
    /into.rgb.* 48 numbers, got 16/,
  );
  expect(() => createRenderer({ width: 0, height: 4 })).toThrow(/at least 1×1/);
  const broken = { vertices: new Float32Array(9), faces: Int32Array.of(0, 1, 3) };
  expect(() => createRenderer({ width: 4, height: 4, meshes: [broken] })).toThrow(/Mesh 0, face 0: .* got 3/);
});
