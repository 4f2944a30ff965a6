// Interfaces alone: the robot, the policy that drives it, who may take over; the joints and units of the SO-101.
export { type Driver, faultOf, type Moment, type Trouble } from "./driver.ts";
export type { Control, Decision, Operator, Tick } from "./operator.ts";
export type { ActionChunk, Leftover, Policy } from "./policy.ts";
export { checkTargets, type Joint, type Observation, type Robot } from "./robot.ts";
export { fromRadians, so101, so101Joints, toRadians } from "./so101.ts";
