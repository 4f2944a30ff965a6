// Rollouts: the control loop with action chunks and take-over, recording, evaluation with intervals, and episodes over worker threads.

export { type ErrorCode, PistarError } from "../system/index.ts";
export { type BareBus, openBus } from "./arm/bare-bus.ts";
export { LeaderDriver } from "./arm/leader-driver.ts";
export { type ArmOptions, anySetting, followerCalibration, type OpenArm, openArm } from "./arm/open-arm.ts";
export { type Keys, keyHelp, Person, type PersonOptions } from "./arm/person.ts";
export { type BlindComparison, type BlindOptions, compareBlind, evidence } from "./blind.ts";
export {
  appendRollout,
  beginningOf,
  type Collection,
  type CollectOptions,
  collect,
  openRollouts,
} from "./collect.ts";
export { type EpisodeOptions, type EpisodeResult, type Period, runEpisode, type SavedMoment } from "./episode.ts";
export {
  type ComparedEvaluation,
  type Comparison,
  compare,
  type EvaluatedEpisode,
  type Evaluation,
  type EvaluationOptions,
  evaluatePolicy,
  type Score,
  score,
  throughput,
} from "./evaluate.ts";
export { estimateSchema, evaluationSchema } from "./evaluation-schema.ts";
export {
  type Assignment,
  EpisodeRunner,
  type Finished,
  type Lost,
  momentsOf,
  type RunnerOptions,
} from "./fleet/episode-runner.ts";
export { type FleetOptions, type FleetWorker, runInOrder } from "./fleet/in-order.ts";
export { type ParallelOptions, runEpisodes } from "./fleet/parallel.ts";
export { type BegunEpisode, SideBySide } from "./fleet/side-by-side.ts";
export {
  type PairedCounts,
  pairedDifference,
  pairedRatio,
  type TimedOutcome,
  throughputInterval,
  throughputRatio,
} from "./intervals.ts";
export type { Jumps } from "./jumps.ts";
export { collectOptions, type Driving, drivingOptions, evaluateOptions } from "./options.ts";
export { type Border, type Chunking, type ChunkOptions, type DriverOptions, PolicyDriver } from "./policy-driver.ts";
export { type FrameSink, rolloutFeatures } from "./recording.ts";
export { assignmentOf, type Replay, replayEpisode, replayOnArm } from "./replay.ts";
export { type Estimate, mcnemar, meanInterval, wilson } from "./statistics.ts";
export { controlAfter } from "./take-over.ts";
