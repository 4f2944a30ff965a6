// Random scenes: depth and segmentation equal ray casting, away from edges.
import fc from "fast-check";
import { expect, test } from "vitest";
import { rayDepth } from "./ray-cast.ts";
import { draw, type Geom, sceneOf, straight, turned } from "./scene.ts";

const side = 48;
const focal = side / 2 / Math.tan(Math.PI / 6);

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const rotation = fc
  .tuple(number(-1, 1), number(-1, 1), number(-1, 1), number(-1, 1))
  .filter((q) => Math.hypot(...q) > 0.1)
  .map(([w, x, y, z]) => {
    const length = Math.hypot(w, x, y, z);
    return turned([w / length, x / length, y / length, z / length]);
  });
const geom = fc.record({
  type: fc.constantFrom("plane", "sphere", "capsule", "ellipsoid", "cylinder", "box"),
  size: fc.tuple(number(0.1, 0.4), number(0.1, 0.4), number(0.1, 0.4)),
  position: fc.tuple(number(-0.8, 0.8), number(-0.8, 0.8), number(-3, -1.5)),
  rotation,
}) satisfies fc.Arbitrary<Geom>;

/** The nearest geom along the ray `dx`, `dy` pixels from the centre of pixel (x, y), and its depth. */
function cast(geoms: readonly Geom[], x: number, y: number, dx = 0, dy = 0): { id: number; depth: number } {
  const ray = [(x + 0.5 + dx - side / 2) / focal, (side / 2 - y - 0.5 - dy) / focal] as const;
  const depths = geoms.map((geom) => rayDepth(geom, ...ray));
  const depth = Math.min(...depths);
  return { depth, id: depth === Infinity ? -1 : depths.indexOf(depth) };
}

test("depth and segmentation are those of ray casting", () => {
  let compared = 0;
  fc.assert(
    fc.property(fc.array(geom, { minLength: 1, maxLength: 4 }), (geoms) => {
      const { depth, segmentation } = draw(sceneOf(geoms), straight(60), { width: side, height: side });
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) {
          const here = cast(geoms, x, y);
          const around = [
            [-1, 0],
            [1, 0],
            [0, -1],
            [0, 1],
            [-0.7, -0.7],
            [0.7, 0.7],
            [0.7, -0.7],
            [-0.7, 0.7],
          ].map(([dx, dy]) => cast(geoms, x, y, dx, dy));
          if (around.some(({ id }) => id !== here.id)) continue; // an edge within a pixel
          const at = y * side + x;
          const depths = around.map((ray) => ray.depth);
          const found = depth[at]!;
          // A facet may be a quarter of a pixel off; then the depth is one that a ray finds within a pixel, or as far off.
          const slack =
            geoms[here.id]?.type === "box" || geoms[here.id]?.type === "plane" ? 1e-3 : (0.5 * here.depth) / focal;
          if (here.id === -1) {
            expect(segmentation[at]).toBe(-1);
            expect(found).toBe(Infinity);
            continue;
          }
          if (segmentation[at] !== here.id) {
            // Two surfaces that nearly touch may change places.
            const other = rayDepth(
              geoms[segmentation[at]!]!,
              (x + 0.5 - side / 2) / focal,
              (side / 2 - y - 0.5) / focal,
            );
            expect(Math.abs(other - here.depth)).toBeLessThan(2 * slack + 0.002);
            continue;
          }
          expect(found).toBeGreaterThanOrEqual(Math.min(...depths, here.depth) - slack);
          expect(found).toBeLessThanOrEqual(Math.max(...depths, here.depth) + slack);
          compared++;
        }
    }),
    { numRuns: 30, seed: 4 },
  );
  expect(compared).toBeGreaterThan(2000);
});

test("flat faces have the depth of ray casting to a fortieth of what it changes over a pixel", () => {
  fc.assert(
    fc.property(fc.record({ ...geomOf("box") }), (box) => {
      const { depth, segmentation } = draw(sceneOf([box]), straight(60), { width: side, height: side });
      for (let at = 0; at < side * side; at++) {
        const [x, y] = [at % side, Math.floor(at / side)];
        const here = cast([box], x, y);
        if (segmentation[at] !== 0 || here.depth === Infinity) continue;
        const slope = Math.max(
          ...[-1, 1]
            .flatMap((d) => [cast([box], x, y, d / 4), cast([box], x, y, 0, d / 4)])
            .map((ray) => Math.abs(ray.depth - here.depth)),
        );
        if (slope < 0.02) expect(Math.abs(depth[at]! - here.depth)).toBeLessThan(1e-5 + 0.1 * slope);
      }
    }),
    { numRuns: 60, seed: 5 },
  );
});

function geomOf(type: "box") {
  return {
    type: fc.constant(type),
    size: fc.tuple(number(0.1, 0.4), number(0.1, 0.4), number(0.1, 0.4)),
    position: fc.tuple(number(-0.5, 0.5), number(-0.5, 0.5), number(-3, -1.5)),
    rotation,
  };
}
