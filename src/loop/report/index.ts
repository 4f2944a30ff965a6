export { renderReport } from "./page.ts";
export { runVerdict } from "./verdict.ts";
