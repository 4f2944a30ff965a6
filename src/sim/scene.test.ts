import { afterAll, expect, test } from "vitest";
import { toRadians } from "../robot/so101/joints.ts";
import { formatMjcf } from "./mjcf.ts";
import { createPhysics } from "./physics.ts";
import { shoulderX, withinReach } from "./placement.ts";
import { so101Scene } from "./scene.ts";

const physics = await createPhysics({ xml: formatMjcf(so101Scene({ objects: [] })) });
afterAll(() => physics.close());

/** Angles in degrees off a camera's axis, to the right and up; undefined behind it. */
function seenAt(camera: string, point: readonly number[]): { right: number; up: number; fovy: number } | undefined {
  const id = physics.id("camera", camera);
  const offset = point.map((x, i) => x - physics.data.cam_xpos[3 * id + i]!);
  const along = (axis: number) =>
    offset.reduce((sum, x, i) => sum + x * physics.data.cam_xmat[9 * id + 3 * i + axis]!, 0);
  const depth = -along(2); // MuJoCo's cameras look along −z
  if (depth <= 0) return undefined;
  const degrees = (x: number) => (Math.atan2(x, depth) * 180) / Math.PI;
  return { right: degrees(along(0)), up: degrees(along(1)), fovy: physics.model.cam_fovy[id]! };
}

function expectSeen(camera: string, point: readonly number[]): void {
  const seen = seenAt(camera, point);
  expect(seen, `${camera} ${point}`).toBeDefined();
  expect(Math.abs(seen!.right)).toBeLessThan(seen!.fovy / 2);
  expect(Math.abs(seen!.up)).toBeLessThan(seen!.fovy / 2);
}

function geomCentre(name: string): number[] {
  const id = physics.id("geom", name);
  return [...physics.data.geom_xpos.subarray(3 * id, 3 * id + 3)];
}

test("the front camera sees all places where objects lie", () => {
  for (const radius of withinReach.radius)
    for (const angle of [...withinReach.angle, 0])
      expectSeen("front", [shoulderX + radius * Math.cos(angle), radius * Math.sin(angle), 0.0125]);
});

test("the wrist camera sees the fixed finger in every pose, and the moving one when the jaws are open by 50 mm", () => {
  for (const positions of [
    [0, 0, 0, 0, 0, 0],
    [40, -30, 30, 70, 60, 35],
    [-60, 20, -20, 90, -90, 20],
  ]) {
    physics.data.qpos.set(toRadians(positions));
    physics.forward();
    expectSeen("wrist", geomCentre("fixed_jaw_tip"));
    expectSeen("wrist", geomCentre("moving_jaw_tip"));
  }
});

test("no camera sits inside a box", () => {
  const { geom_type, geom_size, ncam, ngeom } = physics.model;
  const { cam_xpos, geom_xpos, geom_xmat } = physics.data;
  const box = 6;
  for (let camera = 0; camera < ncam; camera++)
    for (let geom = 0; geom < ngeom; geom++) {
      if (geom_type[geom] !== box) continue;
      const offset = [0, 1, 2].map((i) => cam_xpos[3 * camera + i]! - geom_xpos[3 * geom + i]!);
      const outside = [0, 1, 2].some((axis) => {
        const along = offset.reduce((sum, x, i) => sum + x * geom_xmat[9 * geom + 3 * i + axis]!, 0);
        return Math.abs(along) > geom_size[3 * geom + axis]!;
      });
      expect(outside, `camera ${camera} in geom ${geom}`).toBe(true);
    }
});

test("the jaws meet when closed and open to more than 90 mm", () => {
  const gap = (opening: number) => {
    physics.data.qpos.set(toRadians([0, 0, 0, 0, 0, opening]));
    physics.forward();
    const [fixed, moving] = [geomCentre("fixed_jaw_tip"), geomCentre("moving_jaw_tip")];
    return Math.hypot(...fixed.map((x, i) => x - moving[i]!));
  };
  expect(gap(0)).toBeLessThan(0.02);
  expect(gap(100)).toBeGreaterThan(0.09);
});
