import fc from "fast-check";
import { expect, test } from "vitest";
import { checkTargets } from "../robot.ts";
import { fromRadians, so101Joints, toRadians } from "./joints.ts";

test("joints are named and ordered as LeRobot's", () => {
  expect(so101Joints.map(({ name }) => name)).toEqual([
    "shoulder_pan.pos",
    "shoulder_lift.pos",
    "elbow_flex.pos",
    "wrist_flex.pos",
    "wrist_roll.pos",
    "gripper.pos",
  ]);
  expect(so101Joints.map(({ range }) => range[0])).toEqual([-100, -100, -100, -100, -100, 0]);
});

test("units by hand", () => {
  // Half of a symmetric range is half the limit; the gripper's 50 is the middle of −0.174533 … 1.74533.
  const radians = toRadians([50, -100, 0, 100, 25, 50]);
  const expected = [0.95993, -1.74533, 0, 1.65806, 0.6859625, 0.7853985];
  for (const [i, x] of expected.entries()) expect(radians[i]).toBeCloseTo(x, 10);
  // 0 rad is 0 for the body; for the gripper 0.174533 / 1.919863 of the way.
  const zero = fromRadians([0, 0, 0, 0, 0, 0]);
  expect(zero.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
  expect(zero[5]).toBeCloseTo(9.0909, 4);
});

test("beyond the range is clamped, both ways", () => {
  expect(toRadians([150, 0, 0, 0, 0, -5])).toEqual(toRadians([100, 0, 0, 0, 0, 0]));
  expect(fromRadians([-9, 0, 0, 0, 0, 9])[0]).toBe(-100);
  expect(fromRadians([-9, 0, 0, 0, 0, 9])[5]).toBe(100);
});

test("there and back within the range", () => {
  const body = fc.double({ min: -100, max: 100, noNaN: true });
  const gripper = fc.double({ min: 0, max: 100, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(body, body, body, body, body, gripper), (positions) => {
      for (const [i, x] of fromRadians(toRadians(positions)).entries()) expect(x).toBeCloseTo(positions[i]!, 9);
    }),
  );
});

test("wrong targets are named", () => {
  expect(() => checkTargets([0, 0, 0, 0, 0], so101Joints)).toThrow("Expected 6 joint targets (shoulder_pan.pos");
  expect(() => checkTargets([0, 0, Number.NaN, 0, 0, 0], so101Joints)).toThrow(
    "finite target for elbow_flex.pos, got NaN",
  );
  expect(() => toRadians([0])).toThrow("Expected 6 joint values of an SO-101, got 1");
});
