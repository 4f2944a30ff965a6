// The report: one HTML file that needs nothing else, drawn from a run's summary alone.
import type { Summary, TaskSummary } from "../summary.ts";
import { duration } from "./format.ts";
import { html, type Markup, raw } from "./html.ts";
import { lossSection } from "./losses.ts";
import { style } from "./style.ts";
import { optionTable, stageTable } from "./tables.ts";
import { taskSection } from "./task.ts";
import { iterationTitle } from "./titles.ts";
import { runVerdict, taskVerdict } from "./verdict.ts";

/**
 * A run's report as a self-contained page of HTML, without scripts. Its first line is the verdict in words.
 * Whatever is missing (controls, traces, failures, the end of the run) or not finite is left out or shown as a dash.
 */
export function renderReport(summary: Summary): string {
  const { outcome, head, detail } = runVerdict(summary);
  const warned = summary.tasks.flatMap(warnings);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${head}</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
<h1 class="${outcome}"><strong>${head}</strong>${detail === "" ? "" : `: ${detail}`}</h1>
${summary.tasks.length > 1 ? verdicts(summary) : null}
<p class="note">${about(summary)}</p>
${warned.length > 0 ? html`<aside id="warnings"><h2>Warnings of the value function’s checks</h2><ul>${warned}</ul></aside>` : null}
${summary.tasks.map(taskSection)}
${lossSection(summary.curves)}
<section id="run">
<h2>The run</h2>
${summary.stages.length > 0 ? stageTable(summary.stages) : null}${optionTable(summary.options)}</section>
</main>
</body>
</html>
`.markup;
}

function verdicts({ tasks }: Summary): Markup {
  return html`<ul class="verdicts">
${tasks.map((task) => {
  const { outcome, head, detail } = taskVerdict(task);
  return html`<li class="${outcome}"><a href="#task-${task.task}"><strong>${head}</strong></a>: ${detail}</li>
`;
})}</ul>`;
}

/** What the checks of a task's value functions warned of. */
function warnings({ task, values }: TaskSummary): readonly Markup[] {
  return values.flatMap((check) =>
    check.warnings.map(
      (warning) => html`<li><strong>${task}, ${iterationTitle(check.iteration).toLowerCase()}:</strong> ${warning}</li>
`,
    ),
  );
}

function about({ pistar, startedAt, finishedAt, stages }: Summary): string {
  const end = finishedAt === null ? "not finished" : `finished ${moment(finishedAt)}`;
  const took = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  return [`pistar ${pistar}`, `begun ${moment(startedAt)}`, end, `${duration(took)} of work`].join(" · ");
}

/** "2026-11-24 13:18 UTC", or the text itself where it is no time. */
function moment(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
