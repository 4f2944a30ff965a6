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
export { type BusCounts, type BusOptions, type ByteStream, FeetechBus } from "./so101/bus.ts";
export { assignId, CalibrationByHand, type RecordedRange } from "./so101/calibrate.ts";
export {
  type ArmKind,
  type Calibration,
  calibrationPath,
  compareCalibration,
  type Difference,
  type MotorCalibration,
  readCalibration,
  storeCalibration,
  storedRegisters,
  writeCalibration,
} from "./so101/calibration.ts";
export { type LiveCamera, openCamera } from "./so101/camera.ts";
export type { CameraFeed } from "./so101/camera-feed.ts";
export { type Clock, realClock, SimulatedClock, wait } from "./so101/clock.ts";
export { EmulatedChain, type Mechanics, type SeenGoal } from "./so101/emulator/chain.ts";
export { goalsBeyondLimits } from "./so101/emulator/goal-steps.ts";
export { type Delivery, every, faultless, type LineFault, lineFaults, mutating } from "./so101/emulator/line-faults.ts";
export { LooseJoints } from "./so101/emulator/loose-joints.ts";
export { EmulatedServo, type Measured } from "./so101/emulator/servo.ts";
export { EmulatedStream } from "./so101/emulator/stream.ts";
export { fromRadians, so101, so101Joints, toRadians } from "./so101/joints.ts";
export { connectLeader, Leader, type LeaderOptions } from "./so101/leader.ts";
export { checkMotors, configureMotors, motorIds, torqueOff } from "./so101/motors.ts";
export type { Answer, Expected } from "./so101/packet.ts";
export { type Present, PresentReader } from "./so101/present.ts";
export { faultsOf as motorFaults, fromBytes, type Register, type RegisterName, registers } from "./so101/registers.ts";
export {
  type CameraSettings,
  emulatedPort,
  type RobotFile,
  readRobotFile,
  restOf,
  robotFileSchema,
} from "./so101/robot-file.ts";
export { type Limits, limitedGoal, limitsSchema } from "./so101/safety.ts";
export { openSerialPort, type PortInfo, serialPorts } from "./so101/serial-port.ts";
export { connectSo101, jointNames, So101, type So101Options } from "./so101/so101.ts";
export { calibratedJoints, fromMotor, toMotor, type Unit, unitOf, units } from "./so101/units.ts";
export type { EpisodeSetting, Rewindable, Station, Stations } from "./station.ts";
