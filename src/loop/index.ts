// The main job: RECAP from demonstrations to a better policy, beside its controls, with a report.
export { type ArmPlan, type ControlName, controls, recap, sft } from "./arms.ts";
export { type Preset, presets, type RecapOptions, recapOptions } from "./options.ts";
export { runRecap } from "./recap.ts";
export { renderReport, runVerdict } from "./report/index.ts";
export { type Listener, openRun, type Run } from "./run.ts";
export type { Stage } from "./stages.ts";
export type { Summary, TaskSummary } from "./summary.ts";
