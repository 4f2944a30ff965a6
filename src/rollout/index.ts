// Rollouts: the control loop with action chunks and take-over, recorded into LeRobot datasets, evaluated with intervals, over worker threads.
export { beginningOf, type Collection, type CollectOptions, collect } from "./collect.ts";
export { Demonstration, Demonstrator } from "./demonstrator.ts";
export type { Driver, Moment, Trouble } from "./driver.ts";
export { type EpisodeOptions, type EpisodeResult, runEpisode } from "./episode.ts";
export {
  type Comparison,
  compare,
  type EvaluatedEpisode,
  type Evaluation,
  type EvaluationOptions,
  evaluate,
  type Score,
  score,
} from "./evaluate.ts";
export type { Jumps } from "./jumps.ts";
export { openPolicy, type PolicyOptions, policyHelp } from "./open-policy.ts";
export { collectOptions, type Driving, drivingOptions, evaluateOptions } from "./options.ts";
export { type Lost, type ParallelOptions, runEpisodes } from "./parallel.ts";
export { type Border, type Chunking, type ChunkOptions, type DriverOptions, PolicyDriver } from "./policy-driver.ts";
export { type FrameSink, rolloutFeatures } from "./recording.ts";
export { type Replay, replayEpisode } from "./replay.ts";
export { randomPolicy, stillPolicy } from "./simple-policies.ts";
export { bootstrap, type Estimate, mcnemar, meanInterval, wilson } from "./statistics.ts";
export { Supervisor } from "./supervisor.ts";
export { type Control, controlAfter, type Decision, type Operator, type Tick } from "./take-over.ts";
export { type Assignment, EpisodeRunner, type Finished } from "./work.ts";
