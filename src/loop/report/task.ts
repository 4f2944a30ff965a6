// A task's part of the report.
import type { RunAudit } from "../audits.ts";
import type { TaskSummary } from "../summary.ts";
import { auditSection } from "./audit.ts";
import { dotChart, type Measure } from "./dots.ts";
import { filmSection, type Pictures } from "./films.ts";
import { estimate, number, percent, percentEstimate } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { controlTable, gainTable, labelTable, resultTable, valueTable } from "./tables.ts";
import { timesCharts } from "./times.ts";
import { traceCharts, traceKey } from "./trace.ts";

export function taskSection(task: TaskSummary, pictures: Pictures, audits: readonly RunAudit[] = []): Markup {
  return html`<section id="task-${task.task}">
<h2>${task.task}</h2>
<p>${task.description}; difficulty ${number(task.difficulty)}</p>
${task.results.length > 0 ? results(task, pictures) : html`<p class="note">No policy has been evaluated on this task yet.</p>`}
${
  task.traces.length > 0
    ? html`<h3>Episodes under the value function</h3>
${traceKey(task.traces)}${traceCharts(task.traces)}`
    : null
}
${audits.filter((of) => of.task === task.task).map(auditSection)}
${
  task.values.length + task.labels.length + task.gains.length > 0
    ? html`<h3>Data, values and labels</h3>
${gainTable(task.gains)}${valueTable(task.values)}${labelTable(task.labels)}`
    : null
}</section>
`;
}

const successRate: Measure = {
  title: "Success rate",
  axisTitle: "Episodes that succeed, 95\u00a0% interval",
  pick: (result) => result.successRate,
  words: percentEstimate,
  tick: percent,
  range: [0, 1],
};

const throughput: Measure = {
  title: "Throughput",
  axisTitle: "Successes per hour of robot time, 95\u00a0% interval",
  pick: (result) => result.throughput,
  words: estimate,
  range: [0],
};

function results(task: TaskSummary, pictures: Pictures): Markup {
  return html`<div class="charts">
${[successRate, throughput].map((measure) => dotChart(measure, task.results))}</div>
${filmSection(task, pictures)}${resultTable(task)}${controlTable(task)}${timesCharts(task)}`;
}
