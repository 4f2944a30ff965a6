// LeRobot datasets in and out, and labels beside them.
export { type Changes, convertDataset, type Progress } from "./convert.ts";
export { type LeRobotDataset, openDataset } from "./dataset.ts";
export type { FrameValue, FrameValues } from "./episode-buffer.ts";
export type { EpisodeContent } from "./episode-files.ts";
export type { EpisodeRecord, VideoSpan } from "./episodes.ts";
export { exportVersion21 } from "./export-v21.ts";
export type { FilePlace, Info } from "./info.ts";
export {
  type AdvantageLabels,
  type LabelKinds,
  listLabels,
  type ReturnLabels,
  readLabels,
  writeLabels,
} from "./labels.ts";
export { type MaterializeOptions, materialize } from "./materialize.ts";
export { encodePng } from "./png.ts";
export { episodeSuccess, recordingFeatures } from "./recording.ts";
export type { FeatureStats, Stats } from "./stats.ts";
export type { Column, Dataset, Episode, Feature, Image, NumericArray } from "./types.ts";
export { type Problem, validateDataset } from "./validate.ts";
export { defaultVideoSettings, type VideoSettings } from "./video-encoder.ts";
export { type CreateOptions, createWriter, type DatasetWriter, resumeWriter } from "./writer.ts";
