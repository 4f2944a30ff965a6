// The report of a run in simulation: one HTML file that needs nothing else, drawn from the run's summary and the pictures of its films.
import type { Summary, TaskSummary } from "../summary.ts";
import type { Pictures } from "./films.ts";
import { reportPage, warningItem } from "./frame.ts";
import { html, type Markup } from "./html.ts";
import { taskSection } from "./task.ts";
import { iterationTitle } from "./titles.ts";
import { runVerdict, taskVerdict } from "./verdict.ts";

/**
 * A run's report as a self-contained page of HTML. Its first line is the verdict in words.
 * Whatever is missing (controls, traces, failures, the end of the run) or not finite is left out or shown as a dash.
 * @param pictures of the films, such as `picturesOf(run.folder)`; films without them are left out
 */
export function renderReport(summary: Summary, pictures: Pictures = () => undefined): string {
  return reportPage(runVerdict(summary), summary, {
    lead: summary.tasks.length > 1 ? verdicts(summary) : null,
    warnings: [...summary.warnings.map(({ of, text }) => warningItem(of, text)), ...summary.tasks.flatMap(warnings)],
    chapters: summary.tasks.map((task) => taskSection(task, pictures)),
  });
}

function verdicts({ tasks }: Summary): Markup {
  return html`<ul class="verdicts">
${tasks.map((task) => {
  const { outcome, head, detail } = taskVerdict(task);
  return html`<li class="${outcome}"><a href="#task-${task.task}"><strong>${head}</strong></a>: ${detail}</li>
`;
})}</ul>`;
}

/** What the checks of a task's value functions and policies warned of. */
function warnings({ task, values, warnings: ofPolicies }: TaskSummary): readonly Markup[] {
  const ofValues = values.flatMap((check) =>
    check.warnings.map((warning) => warningItem(`${task}, ${iterationTitle(check.iteration).toLowerCase()}`, warning)),
  );
  return [...ofValues, ...ofPolicies.map(({ of, text }) => warningItem(of, text))];
}
