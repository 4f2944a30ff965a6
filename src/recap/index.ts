// The method's numbers: from episodes that succeeded or failed to the text "Advantage: positive".

export { advantageIndicators } from "./advantage-indicator.ts";
export { advantages } from "./advantages.ts";
export { returns } from "./returns.ts";
export { rewards } from "./rewards.ts";
export { normalizedReturns, normalizedRewards, type TaskScale, taskScale, taskScales } from "./task-scale.ts";
export { taskThresholds, threshold } from "./thresholds.ts";
export { binValues, expectedValues, hardTargets, twoHotTargets, valueBins } from "./value-bins.ts";
