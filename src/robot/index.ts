// Robots: the interface, the SO-101 in MuJoCo, and what tasks and demonstrators need of the simulation.
export { Arm, type Motion } from "./arm.ts";
export type { CameraOptions, RgbdImage } from "./camera.ts";
export { Judge } from "./judge.ts";
export { type IkSolution, type IkTarget, InverseKinematics } from "./kinematics.ts";
export { type Element, element, formatMjcf } from "./mjcf.ts";
export type { ModelSource } from "./mujoco.ts";
export {
  type Contact,
  createPhysics,
  type DataArrays,
  type Kind,
  type ModelArrays,
  type Physics,
  type Pose,
} from "./physics.ts";
export { type Footprint, type Placement, placeObjects, type Region, withinReach } from "./placement.ts";
export type { ActionChunk, Leftover, Policy } from "./policy.ts";
export type { Joint, Observation, Robot } from "./robot.ts";
export { type SceneParts, so101Scene } from "./scene.ts";
export { fromRadians, so101Joints, toRadians } from "./so101.ts";
export { bestStyle, type Style, sampleStyle } from "./style.ts";
export type { Attempt, Named, Task } from "./task.ts";
export { createTaskWorld, type TaskWorldOptions } from "./task-world.ts";
export { difficultyOf, taskNamed, tasks } from "./tasks/index.ts";
export { createWorld, type Moment, type Setting, World, type WorldOptions } from "./world.ts";
