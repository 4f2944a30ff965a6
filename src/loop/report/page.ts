// The report of a run in simulation: one HTML file that needs nothing else, drawn from the run's summary and the pictures of its films.
import type { RunAudit } from "../audits.ts";
import { evaluationSeed } from "../seeds.ts";
import type { Summary, TaskSummary } from "../summary.ts";
import type { Pictures } from "./films.ts";
import { reportPage, warningItem } from "./frame.ts";
import { html, type Markup } from "./html.ts";
import { table, words } from "./tables.ts";
import { taskSection } from "./task.ts";
import { iterationTitle } from "./titles.ts";
import { improved, runVerdict, taskVerdict } from "./verdict.ts";

/**
 * A run's report as a self-contained page of HTML. Its first line is the verdict in words.
 * Whatever is missing (controls, traces, failures, the end of the run) or not finite is left out or shown as a dash.
 * @param pictures of the films, such as `picturesOf(run.folder)`; films without them are left out
 * @param audits such as `readAudits(run.folder)`
 */
export function renderReport(
  summary: Summary,
  pictures: Pictures = () => undefined,
  audits: readonly RunAudit[] = [],
): string {
  return reportPage(runVerdict(summary), summary, {
    lead: summary.tasks.length > 1 ? verdicts(summary) : null,
    warnings: [...summary.warnings.map(({ of, text }) => warningItem(of, text)), ...summary.tasks.flatMap(warnings)],
    chapters: [...summary.tasks.map((task) => taskSection(task, pictures, audits)), usage(summary)].filter(
      (part) => part !== null,
    ),
  });
}

/** What to do with the policies; nothing before there is one of RECAP. */
function usage({ tasks, options }: Summary): Markup | null {
  const done = tasks.filter((task) => improved(task).length > 0);
  const first = done[0];
  if (!first) return null;
  // The seeds after those of the evaluation: nothing was trained or evaluated on them.
  const fresh = evaluationSeed(Number(options.seed ?? 0)) + Number(options.evaluation ?? 0);
  const policy = tasks.length > 1 ? `RUN:${first.task}` : "RUN";
  const rows = [
    ["Evaluate it on new episodes", `pistar eval --policy ${policy} --task ${first.task} --seed ${fresh}`],
    [
      "Beside the policy that it began from",
      `pistar eval --policy ${policy} --task ${first.task} --against RUN:${first.task}:sft`,
    ],
    ["Serve it to a robot", `pistar serve ${policy}`],
    ["Write it as one ONNX file", `pistar export ${policy} --out exported`],
    [
      "A film for a README or a talk",
      `pistar film RUN${tasks.length > 1 ? ` --task ${first.task}` : ""} --out film.webp`,
    ],
    [
      "Go on with one iteration more",
      `pistar recap --resume --out RUN --iterations ${Number(options.iterations ?? 1) + 1}`,
    ],
  ];
  return html`<section id="use">
<h2>Use it</h2>
<p>RUN is the folder of this report. RUN:TASK:ARM names any of its policies, such as RUN:${first.task}:sft; RUN stands for RECAP’s last.</p>
${table(
  "Commands",
  [words("To"), words("Command")],
  rows.map(([what, command]) => [what!, html`<code class="command">${command!}</code>`]),
)}</section>
`;
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
