import fc from "fast-check";
import { expect, test } from "vitest";
import { random } from "../system/index.ts";
import { placeObjects, shoulderX, withinReach } from "./placement.ts";

const cubes = ["red", "green", "blue"].map((body) => ({ body, radius: 0.018 }));

test("objects lie in the region and apart from each other; one seed, one placement", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const placed = placeObjects(random(seed), cubes);
      expect(placeObjects(random(seed), cubes)).toEqual(placed);
      for (const [i, a] of placed.entries()) {
        const radius = Math.hypot(a.x - shoulderX, a.y);
        const angle = Math.atan2(a.y, a.x - shoulderX);
        expect(radius).toBeGreaterThanOrEqual(withinReach.radius[0]);
        expect(radius).toBeLessThanOrEqual(withinReach.radius[1]);
        expect(Math.abs(angle)).toBeLessThanOrEqual(0.9);
        for (const b of placed.slice(0, i)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThanOrEqual(0.046);
      }
    }),
  );
});

test("the whole region is used: by area, half lies beyond the radius that halves it", () => {
  const [near, far] = withinReach.radius;
  const middle = Math.sqrt((near ** 2 + far ** 2) / 2);
  const generator = random("area");
  const one = cubes.slice(0, 1);
  const beyond = Array.from({ length: 2000 }, () => placeObjects(generator, one)[0]!).filter(
    ({ x, y }) => Math.hypot(x - shoulderX, y) > middle,
  );
  expect(beyond.length / 2000).toBeGreaterThan(0.46);
  expect(beyond.length / 2000).toBeLessThan(0.54);
});

test("a region too small for the objects is said so", () => {
  const region = { radius: [0.2, 0.21], angle: [0, 0.05] } as const;
  expect(() => placeObjects(random(1), cubes, { region })).toThrow("Found no place for red, green, blue in 1000 tries");
});
