// The numbers behind the charts, and what has no chart. Every table scrolls by itself where the screen is narrower.
import type { Gain, LabelCount, RunRecord, TaskSummary, ValueSummary } from "../summary.ts";
import {
  duration,
  estimate,
  number,
  percent,
  percentEstimate,
  pointsEstimate,
  probability,
  ratioEstimate,
  seconds,
} from "./format.ts";
import { html, type Markup } from "./html.ts";
import { median } from "./times.ts";
import { armTitle, byIteration, iterationTitle } from "./titles.ts";

interface Column {
  readonly title: string;
  /** Words stand left, numbers right. */
  readonly words?: boolean;
}

type Cell = Markup | string;

export const words = (title: string): Column => ({ title, words: true });
export const figures = (title: string): Column => ({ title });

/** @param rows cells by column, or one string: a heading over the rows that follow */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[] | string)[],
): Markup {
  const side = (index: number) => (columns[index]?.words ? "words" : "figures");
  return html`<figure class="table">
<figcaption>${caption}</figcaption>
<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<thead><tr>${columns.map(({ title }, index) => html`<th scope="col" class="${side(index)}">${title}</th>`)}</tr></thead>
<tbody>
${rows.map((row) =>
  typeof row === "string"
    ? html`<tr class="group"><th scope="rowgroup" colspan="${columns.length}">${row}</th></tr>
`
    : html`<tr>${row.map((cell, index) => (index === 0 ? html`<th scope="row" class="${side(0)}">${cell}</th>` : html`<td class="${side(index)}">${cell}</td>`))}</tr>
`,
)}</tbody>
</table></div>
</figure>
`;
}

export function resultTable({ results }: TaskSummary): Markup {
  const columns = [
    words("Policy"),
    figures("Succeeded"),
    figures("Success rate"),
    figures("Difference to SFT, points"),
    figures("p"),
    figures("Successes per hour"),
    figures("Throughput to SFT"),
    figures("Failures to SFT"),
    figures("Median time"),
  ];
  const rows = byIteration(results).flatMap(({ iteration, results: ofIteration }) => [
    iterationTitle(iteration),
    ...ofIteration.map(({ arm, successes, episodes, successRate, throughput, againstSft, timesToSuccess }) => [
      armTitle(arm),
      `${number(successes)} of ${number(episodes)}`,
      percentEstimate(successRate),
      againstSft ? pointsEstimate(againstSft.successDifference) : "",
      againstSft ? probability(againstSft.p) : "",
      estimate(throughput),
      againstSft?.throughputRatio ? ratioEstimate(againstSft.throughputRatio) : "",
      againstSft?.failureRatio ? ratioEstimate(againstSft.failureRatio) : "",
      seconds(median(timesToSuccess)),
    ]),
  ]);
  return table("Policies on the held-out episodes, with 95 % intervals", columns, rows);
}

/** Whether RECAP does at least as well as each control that was trained on the same data. */
export function controlTable({ results }: TaskSummary): Markup | null {
  const rows = results.flatMap(({ arm, recapAgainst: by }) =>
    by
      ? [
          [
            armTitle(arm),
            pointsEstimate(by.successDifference),
            probability(by.p),
            by.throughputRatio ? ratioEstimate(by.throughputRatio) : "",
          ],
        ]
      : [],
  );
  if (rows.length === 0) return null;
  return table(
    "RECAP against each control on the same episodes, with 95 % intervals",
    [words("Control"), figures("RECAP’s difference to it, points"), figures("p"), figures("RECAP’s throughput to its")],
    rows,
  );
}

const sources = { demonstrations: "Demonstrations", autonomous: "Autonomous", corrected: "With corrections" } as const;

export function gainTable(gains: readonly Gain[]): Markup | null {
  if (gains.length === 0) return null;
  const total = gains.reduce((sum, { episodes }) => sum + episodes, 0);
  return table(
    "What the data set gained",
    [words("Episodes"), figures("Iteration"), figures("Gained"), figures("Succeeded"), words("Share that succeeded")],
    [
      ...gains.map(({ iteration, source, episodes, successes }) => [
        sources[source],
        number(iteration),
        number(episodes),
        number(successes),
        share(successes / episodes),
      ]),
      ["All", "", number(total), number(gains.reduce((sum, { successes }) => sum + successes, 0)), ""],
    ],
  );
}

export function labelTable(labels: readonly LabelCount[]): Markup | null {
  if (labels.length === 0) return null;
  const shown = table(
    "Labels: frames that became “positive”",
    [
      words("Iteration"),
      figures("Threshold ε"),
      figures("Frames"),
      figures("Positive"),
      figures("Of these forced"),
      words("Share that is positive"),
    ],
    labels.map(({ iteration, threshold, frames, positive, forced }) => [
      iterationTitle(iteration),
      number(threshold),
      number(frames),
      number(positive),
      number(forced),
      share(positive / frames),
    ]),
  );
  return html`${shown}<p class="note">Frames with an advantage above ε are positive. Forced ones are corrections: they are positive whatever their advantage.
With several instructions ε is the mean over their frames.</p>
`;
}

export function valueTable(checks: readonly ValueSummary[]): Markup | null {
  if (checks.length === 0) return null;
  const shown = table(
    "Value function on held-out episodes, in normalised returns (0 done, −1 failed)",
    [
      words("Iteration"),
      figures("Cross-entropy, nats"),
      figures("Mean absolute error"),
      figures("The same for a clock"),
      figures("Value of successes above failures, first frame"),
      figures("Success ranked above failure, halfway"),
      figures("Left unexplained"),
      words("Check"),
    ],
    checks.map(
      ({
        iteration,
        heldOutCrossEntropy,
        heldOutError,
        baselineError,
        firstFrameGap,
        auc,
        advantageSpread,
        warnings,
      }) => [
        iterationTitle(iteration),
        number(heldOutCrossEntropy),
        number(heldOutError),
        number(baselineError),
        firstFrameGap === null ? "no failures" : number(firstFrameGap),
        auc === null ? "no failures" : percent(auc),
        number(advantageSpread),
        warnings.length === 0
          ? "passed"
          : html`<a class="warned" href="#warnings">${warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`}</a>`,
      ],
    ),
  );
  return html`${shown}<p class="note">A clock says the mean return of training episodes at that time; the value function’s error should be smaller. “Ranked above” is
the share of pairs of a success and a failure in which the success has the higher value in its middle (the area under the ROC curve, AUC): 50&nbsp;% is
guessing. “Left unexplained” is the standard deviation of return − value: what the episode brought beyond what was expected.</p>
`;
}

export function stageTable(stages: RunRecord["stages"]): Markup {
  const total = stages.reduce((sum, stage) => sum + stage.seconds, 0);
  return table(
    "Time",
    [words("Stage"), figures("Took, the last attempt"), words("Share of all")],
    [
      ...stages.map(({ name, seconds: took }) => [name, duration(took), share(took / total)]),
      ["All", duration(total), ""],
    ],
  );
}

export function optionTable(options: RunRecord["options"]): Markup {
  const rows = Object.entries(options).map(([name, value]) => [name, html`<code>${shown(value)}</code>`]);
  return table("Configuration", [words("Option"), words("Value")], rows);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(shown).join(", ");
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "–");
}

/** A share as a bar and in words. */
export function share(of: number): Markup {
  const length = Number.isFinite(of) ? Math.min(Math.max(100 * of, 0), 100).toFixed(1) : "0";
  return html`<span class="bar"><span style="width:${length}%"></span></span>${percent(of)}`;
}
