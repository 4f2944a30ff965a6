import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { so101 } from "../robot/so101/joints.ts";
import { InverseKinematics } from "./kinematics.ts";
import { formatMjcf } from "./mjcf.ts";
import { createPhysics } from "./physics.ts";
import { shoulderX, withinReach } from "./placement.ts";
import { so101Scene } from "./scene.ts";

const physics = await createPhysics({ xml: formatMjcf(so101Scene({ objects: [] })) });
const ik = new InverseKinematics(physics, { site: "grasp", joints: so101.slice(0, 5).map(({ joint }) => joint) });
const site = physics.id("site", "grasp");

afterAll(() => {
  ik.close();
  physics.close();
});

function axis(column: number): number[] {
  return [0, 3, 6].map((row) => physics.data.site_xmat[9 * site + row + column]!);
}

test("all joints at zero: the arm as Menagerie's kinematics have it", () => {
  physics.reset();
  // Sums of the published link offsets: the wrist lies 0.1349 m before the elbow, the gripper 0.0611 m before the wrist.
  const [elbow, wrist, gripper] = ["lower_arm", "wrist", "gripper"].map((body) => physics.pose(body).position);
  expect(wrist![0] - elbow![0]).toBeCloseTo(0.1349, 4);
  expect(gripper![0] - wrist![0]).toBeCloseTo(0.0611, 4);
  expect(elbow![2]).toBeCloseTo(0.0624 + 0.0542 + 0.11257, 4);
  expect(axis(2)[0]).toBeCloseTo(1, 6); // the gripper points ahead
});

test("within reach the site gets there from above with the jaws turned as asked, and the world does not move", () => {
  const [near, far] = withinReach.radius;
  const place = fc.tuple(
    fc.double({ min: near, max: far, noNaN: true }),
    fc.double({ min: -0.9, max: 0.9, noNaN: true }),
    fc.double({ min: -0.8, max: 0.8, noNaN: true }),
  );
  fc.assert(
    fc.property(place, ([radius, angle, turn]) => {
      physics.reset();
      const before = physics.save();
      const position = [shoulderX + radius * Math.cos(angle), radius * Math.sin(angle), 0.02] as const;
      const yaw = angle + turn;
      const solution = ik.solve({ position, yaw }, [-angle, -0.2, 0.6, 1.2, 0]);
      expect(physics.save()).toEqual(before);
      expect(solution.positionError).toBeLessThan(1e-4);
      expect(solution.angleError).toBeLessThan(1e-3);
      physics.data.qpos.set(solution.joints);
      physics.forward();
      for (const [i, x] of position.entries()) expect(physics.data.site_xpos[3 * site + i]).toBeCloseTo(x, 3);
      expect(axis(2)[2]).toBeCloseTo(-1, 4);
      expect(axis(0)[0]).toBeCloseTo(Math.cos(yaw), 2);
      expect(axis(0)[1]).toBeCloseTo(Math.sin(yaw), 2);
    }),
    { numRuns: 50 },
  );
});

test("out of reach, the errors say so and the joints keep their limits", () => {
  physics.reset();
  const { joints, positionError } = ik.solve({ position: [0.8, 0, 0.02] });
  expect(positionError).toBeGreaterThan(0.1);
  for (const [i, angle] of joints.entries()) {
    expect(angle).toBeGreaterThanOrEqual(so101[i]!.limits[0]);
    expect(angle).toBeLessThanOrEqual(so101[i]!.limits[1]);
  }
});
