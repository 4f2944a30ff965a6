// The numbers of RECAP: rewards, returns, value bins, advantages, thresholds, the advantage indicator, and how much may be luck.

export { advantageIndicators } from "./advantage-indicator.ts";
export { advantages } from "./advantages.ts";
export { neighbourSpread, seeksLuck } from "./luck.ts";
export { returns } from "./returns.ts";
export { rewards } from "./rewards.ts";
export { normalizedReturns, normalizedRewards, type TaskScale, taskScale, taskScales } from "./task-scale.ts";
export { taskThresholds, threshold } from "./thresholds.ts";
export { binValues, expectedValues, hardTargets, twoHotTargets, valueBins } from "./value-bins.ts";
