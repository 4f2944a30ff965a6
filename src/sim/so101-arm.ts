// The SO-101 follower as primitives. Body poses, joint limits, servo gains and inertias come from MuJoCo Menagerie's
// robotstudio_so101. The shapes are boxes, cylinders and capsules of the printed parts' sizes; they also collide.

import { so101 } from "../robot/index.ts";
import { type Element, element } from "./mjcf.ts";

// Contact bits of the arm: (2, 1) meet everything with MuJoCo's default (1, 1), but no other arm geom.
const arm = { contype: 2, conaffinity: 1, group: 1 };
const printed = { ...arm, rgba: [0.75, 0.76, 0.78, 1] };
// Visible geoms without collisions, for a faster step. Shoulder and upper arm touch the table only at the elbow, at the
// lower arm's capsule.
const seen = { contype: 0, conaffinity: 0 };
const servo = { ...arm, rgba: [0.12, 0.12, 0.13, 1] };
const finger = {
  ...arm,
  rgba: [0.95, 0.72, 0.12, 1],
  condim: 6,
  friction: [1.2, 0.01, 0.001],
  solref: [0.01, 1],
  priority: 1,
};

interface Inertia {
  readonly mass: number;
  readonly pos: readonly number[];
  /** xx yy zz xy xz yz, kg m². */
  readonly inertia: readonly number[];
}

function link(
  name: string,
  pose: Readonly<Record<string, readonly number[]>>,
  inertia: Inertia,
  parts: readonly Element[],
): Element {
  const joint = so101.find((candidate) => bodyOf[candidate.joint] === name)!;
  const { mass, pos, inertia: fullinertia } = inertia;
  return element("body", { name, ...pose }, [
    element("joint", {
      name: joint.joint,
      axis: [0, 0, 1],
      range: joint.limits,
      damping: 0.6,
      frictionloss: 0.052,
      armature: 0.028,
    }),
    element("inertial", { mass, pos, fullinertia }),
    ...parts,
  ]);
}

const bodyOf: Readonly<Record<string, string>> = {
  shoulder_pan: "shoulder",
  shoulder_lift: "upper_arm",
  elbow_flex: "lower_arm",
  wrist_flex: "wrist",
  wrist_roll: "gripper",
  gripper: "moving_jaw",
};

const movingJaw = link(
  "moving_jaw",
  { pos: [0.0202, 0.0188, -0.0234], quat: [1, 1, 0, 0] },
  {
    mass: 0.012,
    pos: [-0.001575, -0.0300244, 0.0192755],
    inertia: [6.61427e-6, 1.89032e-6, 5.28738e-6, -3.19807e-7, -5.90717e-9, -1.09945e-7],
  },
  [
    element("geom", {
      ...finger,
      name: "moving_jaw_root",
      type: "box",
      size: [0.008, 0.014, 0.014],
      pos: [0, -0.012, 0.019],
    }),
    element("geom", {
      ...finger,
      name: "moving_jaw_arm",
      type: "capsule",
      size: [0.006],
      fromto: [0.004, -0.022, 0.0188, -0.002, -0.05, 0.0188],
    }),
    // Parallel to the fixed jaw at an opening of 25 mm (0.15 rad).
    element("geom", {
      ...finger,
      name: "moving_jaw_tip",
      type: "box",
      size: [0.003, 0.022, 0.008],
      pos: [-0.007, -0.058, 0.0188],
      euler: [0, 0, -0.15],
    }),
  ],
);

const gripper = link(
  "gripper",
  { pos: [0, -0.0611, 0.0181], quat: [0.0172091, -0.0172091, 0.706897, 0.706897] },
  {
    mass: 0.099, // with the camera mount
    pos: [0.000214, 0.000245, -0.025187],
    inertia: [2.75087e-5, 4.33657e-5, 3.45059e-5, -3.35241e-7, -5.7352e-6, -5.17847e-8],
  },
  [
    element("geom", { ...servo, type: "box", size: [0.012, 0.0225, 0.018], pos: [0.0077, 0, -0.0234] }),
    element("geom", { ...printed, type: "box", size: [0.02, 0.016, 0.014], pos: [-0.008, 0, -0.02] }),
    element("geom", {
      ...finger,
      name: "fixed_jaw_root",
      type: "box",
      size: [0.01, 0.013, 0.01],
      pos: [-0.018, 0, -0.043],
    }),
    element("geom", {
      ...finger,
      name: "fixed_jaw_tip",
      type: "box",
      size: [0.003, 0.009, 0.026],
      pos: [-0.0115, 0, -0.077],
    }),
    element("geom", {
      ...printed,
      name: "camera_mount",
      type: "box",
      size: [0.015, 0.017, 0.002],
      pos: [0, 0.034, -0.028],
    }),
    element("geom", {
      ...servo,
      name: "camera_housing",
      type: "box",
      size: [0.016, 0.012, 0.004],
      pos: [0, 0.0632, -0.035],
      euler: [-0.57, 0, 0],
    }),
    // z is the approach direction, x the closing direction of the jaws.
    element("site", { name: "grasp", pos: [0.008, 0, -0.094], quat: [0, 1, 0, 0], size: [0.002], group: 4 }),
    element("camera", { name: "wrist", pos: [0, 0.06, -0.04], euler: [-0.57, 0, 0], fovy: 75 }),
    movingJaw,
  ],
);

const wrist = link(
  "wrist",
  { pos: [-0.1349, 0.0052, 0], quat: [1, 0, 0, -1] },
  {
    mass: 0.079,
    pos: [-0.000103312, -0.0386143, 0.0281156],
    inertia: [3.68263e-5, 2.5391e-5, 2.1e-5, 1.7893e-8, -5.28128e-8, 3.6412e-6],
  },
  [
    element("geom", { ...printed, type: "box", size: [0.012, 0.022, 0.022], pos: [0, -0.016, 0.0185] }),
    element("geom", { ...servo, type: "box", size: [0.0125, 0.018, 0.0225], pos: [0, -0.0424, 0.022] }),
    gripper,
  ],
);

const lowerArm = link(
  "lower_arm",
  { pos: [-0.11257, -0.028, 0], quat: [1, 0, 0, 1] },
  {
    mass: 0.104,
    pos: [-0.09807, 0.0032438, 0.018283],
    inertia: [2.87438e-5, 0.000159844, 0.00014529, 7.41152e-6, 1.26409e-6, -4.90188e-8],
  },
  [
    element("geom", { ...printed, type: "capsule", size: [0.016], fromto: [0, 0, 0.0185, -0.1, 0.0025, 0.0185] }),
    element("geom", { ...servo, type: "box", size: [0.0225, 0.0125, 0.018], pos: [-0.122, 0.005, 0.0185] }),
    wrist,
  ],
);

const upperArm = link(
  "upper_arm",
  { pos: [-0.0303992, -0.0182778, -0.0542], quat: [1, -1, -1, -1] },
  {
    mass: 0.103,
    pos: [-0.089847, -0.008382, 0.018409],
    inertia: [4.08002e-5, 0.000147318, 0.000142487, -1.97819e-5, -4.03016e-8, 8.97326e-9],
  },
  [
    element("geom", { ...printed, ...seen, type: "capsule", size: [0.016], fromto: [0, 0, 0.0185, -0.095, 0, 0.0185] }),
    element("geom", {
      ...servo,
      ...seen,
      type: "box",
      size: [0.0125, 0.0225, 0.018],
      pos: [-0.11257, -0.0155, 0.0187],
    }),
    lowerArm,
  ],
);

const shoulder = link(
  "shoulder",
  { pos: [0.0388353, 0, 0.0624], quat: [0, 0, -1, 0] },
  {
    mass: 0.100006,
    pos: [-0.0307604, -1.7e-5, -0.0252713],
    inertia: [8.3759e-5, 8.10403e-5, 2.39783e-5, 7.55525e-8, -1.16342e-6, 1.54663e-7],
  },
  [
    element("geom", { ...servo, ...seen, type: "box", size: [0.0225, 0.018, 0.0125], pos: [-0.0304, 0.0004, -0.0417] }),
    element("geom", { ...printed, ...seen, type: "cylinder", size: [0.026, 0.012], pos: [0, 0, -0.012] }),
    element("geom", { ...printed, ...seen, type: "box", size: [0.032, 0.024, 0.008], pos: [-0.018, 0, -0.026] }),
    upperArm,
  ],
);

/** The arm as a body of the world. Its base stands at the origin and reaches along +x. */
export const so101Arm: Element = element("body", { name: "base" }, [
  element("inertial", {
    mass: 0.147,
    pos: [0.0137179, -5.19711e-5, 0.0334843],
    fullinertia: [0.000114686, 0.000136117, 0.000130364, -4.59787e-7, 4.97151e-6, 9.75275e-8],
  }),
  element("geom", { ...printed, type: "box", size: [0.045, 0.04, 0.008], pos: [0.005, 0, 0.008] }),
  element("geom", { ...printed, type: "box", size: [0.024, 0.022, 0.02], pos: [0.026, 0, 0.034] }),
  element("geom", { ...servo, type: "box", size: [0.012, 0.02, 0.018], pos: [-0.018, 0, 0.034] }),
  shoulder,
]);

/**
 * Six position servos (STS3215 at LeRobot's P gain of 16) in the order of `so101`. Their torque limit of 2.94 N m, not
 * the gain, decides their push.
 */
export const so101Actuators: Element = element(
  "actuator",
  {},
  so101.map(({ joint, limits }) =>
    element("position", { name: joint, joint, kp: 998.22, kv: 2.731, forcerange: [-2.94, 2.94], ctrlrange: limits }),
  ),
);
