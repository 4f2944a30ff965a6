// The simulated SO-101 in MuJoCo: worlds, cameras, tasks, demonstrators and the scripted supervisor.

export { type ErrorCode, PistarError } from "../system/index.ts";
export { Arm, centredOn, facing, type Motion, middleOf, opening } from "./arm.ts";
export type { CameraOptions, RgbdImage, Viewpoint } from "./camera.ts";
export { Demonstration, Demonstrator } from "./demonstrator.ts";
export { EmulatedArm } from "./emulated-arm.ts";
export { type EmulatedBus, emulateBus, emulatedCalibration, emulateWorld } from "./emulated-bus.ts";
export { Hand, type HandMove, type PicturePoint } from "./hand.ts";
export { Judge } from "./judge.ts";
export { type IkSolution, type IkTarget, InverseKinematics } from "./kinematics.ts";
export { type Element, element, formatMjcf } from "./mjcf.ts";
export type { DataArrays, ModelArrays } from "./model-arrays.ts";
export type { ModelSource } from "./mujoco.ts";
export {
  type Contact,
  createPhysics,
  type Kind,
  type Physics,
  type Pose,
} from "./physics.ts";
export { type Footprint, type Placement, placeObjects, type Region, shoulderX, withinReach } from "./placement.ts";
export { type SceneParts, so101Scene } from "./scene.ts";
export { ScriptedLeader } from "./scripted-leader.ts";
export { judging, simulation, stations } from "./station.ts";
export { bestStyle, type Style, sampleStyle } from "./style.ts";
export { Supervisor } from "./supervisor.ts";
export type { Attempt, Named, Task } from "./task.ts";
export { createTaskWorld, type TaskWorldOptions } from "./task-world.ts";
export { difficultyOf, taskNamed, tasks } from "./tasks/index.ts";
export { sameTurn, yawOf } from "./tasks/turns.ts";
export { createWorld, type Moment, type Setting, World, type WorldOptions } from "./world.ts";
