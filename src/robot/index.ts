// Interfaces alone: robot, policy, driver, operator, station. And the joints and units of the SO-101.
export { type ControlPeriod, type Driver, faultOf, type Trouble } from "./driver.ts";
export type { Control, Decision, Operator, Tick } from "./operator.ts";
export type { ActionChunk, Leftover, Policy, PolicyInfo, PolicyRequest } from "./policy.ts";
export {
  type Camera,
  checkTargets,
  type EpisodeStart,
  type Health,
  type Joint,
  type JointHealth,
  type Observation,
  type Robot,
} from "./robot.ts";
export { fromRadians, so101, so101Joints, toRadians } from "./so101.ts";
export type { EpisodeSetting, Station, Stations } from "./station.ts";
