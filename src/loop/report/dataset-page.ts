// The report of a run on existing datasets. No policy acted. So it shows errors on held-out episodes beside those of
// trivial predictions, labels, and episodes under the value function.
import { basename } from "node:path";
import type { DatasetSummary, DatasetsSummary } from "../summary.ts";
import { comparisons, datasetVerdict } from "./dataset-verdict.ts";
import { number, percent } from "./format.ts";
import { reportPage, warningItem } from "./frame.ts";
import { html, type Markup } from "./html.ts";
import { figures, share, table, words } from "./tables.ts";
import { traceCharts, traceKey } from "./trace.ts";

/** The report as a self-contained page of HTML, without scripts. Untrained parts are left out. */
export function renderDatasetReport(summary: DatasetsSummary): string {
  const { value, policy, datasets } = summary;
  return reportPage(datasetVerdict(summary), summary, {
    warnings: [
      ...(value?.warnings ?? []).map((warning) => warningItem("Value function", warning)),
      ...(policy?.warnings ?? []).map((warning) => warningItem("Policy", warning)),
    ],
    chapters: [heldOutSection(summary), ...datasets.map(datasetSection)],
  });
}

function heldOutSection(summary: DatasetsSummary): Markup {
  const check = summary.value?.check;
  return html`<section id="held-out">
<h2>Held-out episodes</h2>
<p>How well value function and policy predict episodes that they were not trained on, beside what would be said without looking. It tells
whether they have learned anything; how often the policy succeeds, only a robot can tell.</p>
${table(
  "Mean absolute errors: of values in normalised returns, of action chunks in normalised actions",
  [
    words("Network"),
    figures("Episodes held out"),
    figures("Error"),
    figures("Trivial error"),
    words("Trivially"),
    words("Better"),
  ],
  comparisons(summary).map(({ name, trivially, episodes, error, trivialError, better }) => [
    name,
    number(episodes),
    number(error),
    number(trivialError),
    trivially,
    better === null ? "–" : better ? "yes" : html`<span class="warned">no</span>`,
  ]),
)}
${
  check
    ? table(
        "The value function, further",
        [words("Measure"), figures("Held out"), figures("Trained on")],
        [
          ["Cross-entropy, nats", number(check.heldOutCrossEntropy), number(check.trainCrossEntropy)],
          [
            "Left unexplained (standard deviation of return − value)",
            number(check.advantageSpread),
            number(check.trainAdvantageSpread),
          ],
          [
            "Success ranked above failure, halfway (AUC)",
            check.auc === null ? "not both there" : percent(check.auc),
            "",
          ],
        ],
      )
    : null
}</section>
`;
}

function datasetSection(dataset: DatasetSummary): Markup {
  const { root, episodes, frames, labels, traces } = dataset;
  return html`<section>
<h2>${basename(root)}</h2>
<p>${root}: ${number(episodes)} episodes, ${number(frames)} frames. ${outcomes(dataset)}</p>
${
  labels
    ? table(
        `Labels “${labels.tag}”: frames that became “positive”`,
        [
          words("Instruction"),
          figures("Threshold"),
          figures("Frames"),
          figures("Positive"),
          figures("Forced"),
          words("Share that is positive"),
          figures("Spread of advantages"),
        ],
        labels.tasks.map(({ task, threshold, frames: of, positive, forced, spread }) => [
          task,
          number(threshold),
          number(of),
          number(positive),
          number(forced),
          share(positive / of),
          number(spread),
        ]),
      )
    : null
}
${
  traces.length > 0
    ? html`<h3>Episodes under the value function</h3>
${traceKey(traces)}${traceCharts(traces)}`
    : null
}</section>
`;
}

/** The episodes' outcomes, and the assumed ones. */
function outcomes({ episodes, failures, unsaid }: DatasetSummary): string {
  const known = `${number(episodes - failures - unsaid)} succeeded, ${number(failures)} failed`;
  if (unsaid === 0) return `${known}.`;
  const assumed =
    "how they ended (column episode_success of meta/episodes): they are taken for successes, as demonstrations are";
  return unsaid === episodes
    ? `None of the episodes say ${assumed}.`
    : `${known}; the other ${number(unsaid)} do not say ${assumed}.`;
}
