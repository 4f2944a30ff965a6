// The joints of LeRobot's SO-101 follower and its units. Limits in radians are those of MuJoCo Menagerie's robotstudio_so101.
import type { Joint } from "../robot.ts";

interface So101Joint {
  /** Name in the MJCF; LeRobot appends ".pos". */
  readonly joint: string;
  /** Mechanical limits in radians. */
  readonly limits: readonly [number, number];
  /** The same limits in LeRobot's unit. */
  readonly range: readonly [number, number];
}

/** In LeRobot's order, which is also the order of the motors' ids 1 to 6. */
export const so101: readonly So101Joint[] = [
  { joint: "shoulder_pan", limits: [-1.91986, 1.91986], range: [-100, 100] },
  { joint: "shoulder_lift", limits: [-1.74533, 1.74533], range: [-100, 100] },
  { joint: "elbow_flex", limits: [-1.69, 1.69], range: [-100, 100] },
  { joint: "wrist_flex", limits: [-1.65806, 1.65806], range: [-100, 100] },
  { joint: "wrist_roll", limits: [-2.74385, 2.74385], range: [-100, 100] },
  { joint: "gripper", limits: [-0.174533, 1.74533], range: [0, 100] },
];

/** shoulder_pan.pos, shoulder_lift.pos, elbow_flex.pos, wrist_flex.pos, wrist_roll.pos, gripper.pos with their ranges. */
export const so101Joints: readonly Joint[] = so101.map(({ joint, range }) => ({ name: `${joint}.pos`, range }));

function convert(values: ArrayLike<number>, from: "limits" | "range", to: "limits" | "range"): number[] {
  if (values.length !== so101.length)
    throw new TypeError(`Expected ${so101.length} joint values of an SO-101, got ${values.length}`);
  return so101.map((joint, i) => {
    const [low, high] = joint[from];
    const share = (Math.min(high, Math.max(low, values[i]!)) - low) / (high - low);
    return joint[to][0] + share * (joint[to][1] - joint[to][0]);
  });
}

/**
 * LeRobot's units → radians. The five body joints are RANGE_M100_100: −100 is the joint's lower limit, 0 the middle of its range,
 * 100 its upper limit. The gripper is RANGE_0_100: 0 is closed (−0.1745 rad), 100 wide open (1.7453 rad). Linear between; what lies
 * beyond is clamped, as LeRobot clamps to the calibrated range. (On a real arm the range is what its calibration recorded,
 * for wrist_roll a whole turn; here it is the joint's limits.)
 */
export function toRadians(positions: ArrayLike<number>): number[] {
  return convert(positions, "range", "limits");
}

/** Radians → LeRobot's units: the inverse of `toRadians`, clamped alike. */
export function fromRadians(radians: ArrayLike<number>): number[] {
  return convert(radians, "limits", "range");
}
