// Triangles with a common edge: no sample between them is left out, none is drawn twice.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createRenderer } from "../../src/sim/render/renderer.ts";
import type { Mesh } from "../../src/sim/render/scene.ts";
import { draw, sceneOf, straight, turned } from "./scene.ts";

const side = 64;

/** A grid of n × n squares over x, y in [−1, 1] at z = −2 whose inner corners are moved by `shifts`; two triangles each. */
function grid(n: number, shifts: readonly number[]): Mesh {
  const vertices: number[] = [];
  const faces: number[] = [];
  for (let row = 0; row <= n; row++)
    for (let column = 0; column <= n; column++) {
      const inner = row > 0 && row < n && column > 0 && column < n;
      const at = 2 * (row * (n + 1) + column);
      const [dx, dy] = inner ? [shifts[at % shifts.length]!, shifts[(at + 1) % shifts.length]!] : [0, 0];
      vertices.push((2 * (column + 0.4 * dx)) / n - 1, (2 * (row + 0.4 * dy)) / n - 1, -2);
    }
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      const a = row * (n + 1) + column;
      faces.push(a, a + 1, a + n + 2, a, a + n + 2, a + n + 1);
    }
  return { vertices: Float32Array.from(vertices), faces: Int32Array.from(faces) };
}

const quantised = fc.integer({ min: -8, max: 8 }).map((eighths) => eighths / 8); // corners and edges on sample centres happen

test("every sample of a patchwork belongs to exactly one triangle", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 9 }), fc.array(quantised, { minLength: 7, maxLength: 23 }), (n, shifts) => {
      const { vertices, faces } = grid(n, shifts);
      const meshes = Array.from({ length: faces.length / 3 }, (_, face) => ({
        vertices,
        faces: faces.slice(face * 3, face * 3 + 3),
      }));
      const scene = sceneOf(meshes.map((_, mesh) => ({ type: "mesh", size: [], mesh })));
      const renderer = createRenderer({ width: side, height: side, meshes });
      const segmentation = new Int32Array(side * side);
      const drawn = new Int32Array(side * side);
      for (let face = 0; face < meshes.length; face++) {
        scene.geoms.segmentation.fill(-1);
        scene.geoms.segmentation[face] = 0;
        renderer.render(scene, straight(90), { segmentation });
        for (let at = 0; at < drawn.length; at++) drawn[at]! += segmentation[at]! + 1;
      }
      // At 2 m a metre is a quarter of the picture: the patchwork covers its middle half.
      const inside = (at: number) => at >= side / 4 && at < (3 * side) / 4;
      expect(drawn).toEqual(drawn.map((_, at) => Number(inside(at % side) && inside(Math.floor(at / side)))));
    }),
    { numRuns: 25, seed: 6 },
  );
});

test("closed shapes have no holes, cut by the near plane or not", () => {
  const rotation = fc
    .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true }))
    .map(([a, b]) => turned([Math.cos(a) * Math.cos(b), Math.sin(a) * Math.cos(b), Math.sin(b), 0]));
  const shape = fc.constantFrom("sphere", "capsule", "ellipsoid", "cylinder", "box");
  fc.assert(
    fc.property(shape, rotation, fc.double({ min: -2, max: -0.5, noNaN: true }), (type, turn, z) => {
      const geom = { type, size: [0.4, 0.3, 0.2], rotation: turn, position: [0.05, 0.02, z] } as const;
      const { segmentation } = draw(sceneOf([geom]), straight(60), { width: side, height: side });
      // All these are convex: what is seen of them in a row is one run.
      for (let y = 0; y < side; y++) {
        const row = [...segmentation.subarray(y * side, (y + 1) * side)];
        const seen = row.filter((id) => id === 0).length;
        if (seen > 0) expect(row.lastIndexOf(0) - row.indexOf(0) + 1).toBe(seen);
      }
    }),
    { numRuns: 100, seed: 7 },
  );
});
