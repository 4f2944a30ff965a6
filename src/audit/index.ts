// The audit: true values of recorded moments, by runs of the policy from them. Value functions and labels are compared with these.
export { type Audit, auditSchema, type CalibrationBin, type LabelGroup, summariseAudit } from "./audit.ts";
export {
  type AuditedDataset,
  type AuditedMoment,
  type AuditedMoments,
  auditedMoments,
  type MomentLabel,
  momentsCsv,
} from "./audited-moments.ts";
export { type MomentSource, momentSources } from "./moment-sources.ts";
export { type AuditOptions, auditOptions } from "./options.ts";
export { type MomentRuns, type MomentRunsInput, runMoments } from "./run-moments.ts";
export { type RunRound, readRounds } from "./runs-file.ts";
export { type Halves, overEpisodes, trueVariance, truthCorrelation, truthError } from "./split-halves.ts";
export { trueValues } from "./truth.ts";
export { auditVerdict, rescueSentence } from "./verdict.ts";
