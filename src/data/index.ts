// LeRobot datasets in and out, labels beside them, batches for training.

export { type ErrorCode, PistarError } from "../system/index.ts";
export type { Augmentation } from "./augmentation.ts";
export { type Batch, BatchAssembler, type BatchOptions } from "./batch.ts";
export { BatchLoader, type BatchLoaderOptions } from "./batch-loader.ts";
export { type BatchSource, type BatchSourceOptions, batchSource, type FrameLabels } from "./batch-source.ts";
export { type Capture, type CaptureMode, type CaptureOptions, openCapture } from "./capture.ts";
export { convertDataset } from "./convert.ts";
export { buildAside, type Changes, type CopyOptions, copyEpisodes, type Piece, type Progress } from "./copy.ts";
export { type LeRobotDataset, type OpenOptions, openDataset } from "./dataset.ts";
export type { DepthMap } from "./depth.ts";
export type { NamedValues } from "./doctor/agreement.ts";
export { type Diagnosis, type DoctorOptions, examineDataset } from "./doctor/doctor.ts";
export {
  checkDropped,
  episodeList,
  mergedPieces,
  partsByShare,
  piecesOf,
  unreadable,
  withCut,
  withOutcomes,
  withoutEpisodes,
} from "./edit.ts";
export { detachedEpisode, type EpisodeBuffer, type FrameValue, type FrameValues } from "./episode-buffer.ts";
export type { EpisodeContent } from "./episode-files.ts";
export type { EpisodeRecord, VideoSpan } from "./episodes.ts";
export { exportVersion21 } from "./export-v21.ts";
export { buildFrameCache, FrameCache, type FrameCacheOptions } from "./frame-cache.ts";
export { type ImportOptions, importHdf5 } from "./import-hdf5.ts";
export type { FilePlace, Info } from "./info.ts";
export {
  type AdvantageLabels,
  type LabelKinds,
  listLabels,
  type ReturnLabels,
  readLabels,
  writeLabels,
} from "./labels.ts";
export { actedPieces, type MaterializeOptions, materialize, withAdvantage } from "./materialize.ts";
export { denormalize, type NormalizationMode, type Normalizer, normalize, normalizer } from "./normalization.ts";
export { encodePng } from "./png.ts";
export { recomputeStats, type StatsChange, statsChanges, totalStats, writeStats } from "./recompute-stats.ts";
export { episodeSubtasks, episodeSuccess, nobody, recordingFeatures, type SaidSubtask } from "./recording.ts";
export { renaming } from "./renamed.ts";
export { resizeWithPad } from "./resize.ts";
export { datasetStats, RunningStats, type VectorStats } from "./running-stats.ts";
export { type Sample, Sampler, type SamplerState } from "./sampler.ts";
export type { FeatureStats, Stats } from "./stats.ts";
export type { Column, Dataset, Episode, Feature, Image, NumericArray } from "./types.ts";
export type { Problem, Severity } from "./validate/problem.ts";
export { validateDataset } from "./validate/validate.ts";
export { createVideo, defaultVideoSettings, type VideoEncoder, type VideoSettings } from "./video-encoder.ts";
export { type CreateOptions, createWriter, type DatasetWriter, resumeWriter } from "./writer.ts";
