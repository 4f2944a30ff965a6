export { renderDatasetReport } from "./dataset-page.ts";
export { datasetVerdict } from "./dataset-verdict.ts";
export { renderReport } from "./page.ts";
export { runVerdict } from "./verdict.ts";
