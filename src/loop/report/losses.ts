// The course of each training, grouped by task and iteration.

import type { Curve } from "../summary.ts";
import { finite, number } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { lineChart, type Point } from "./lines.ts";
import { armTitle } from "./titles.ts";

/** One chart for each training with at least one point. */
export function lossSection(curves: readonly Curve[]): Markup | null {
  const drawn = curves.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return null;
  const groups = new Map<string, Curve[]>();
  for (const curve of drawn) {
    const group = curve.stage.split("/").slice(0, -1).join(", iteration ") || "Pre-training";
    groups.set(group, [...(groups.get(group) ?? []), curve]);
  }
  return html`<section id="losses">
<h2>Losses</h2>
${[...groups].map(
  ([group, ofGroup]) => html`<details open><summary>${group}</summary>
<div class="charts small">
${ofGroup.map(lossChart)}</div>
</details>
`,
)}</section>
`;
}

function lossChart({ stage, points }: Curve): Markup {
  const course = (pick: (point: Curve["points"][number]) => number | undefined) =>
    points.flatMap((point): Point[] => {
      const value = pick(point);
      return finite(value) ? [[point.step, value]] : [];
    });
  const lines = [
    { name: "training", kind: "control" as const, points: course(({ train }) => train) },
    { name: "held out", kind: "recap" as const, points: course(({ heldOut }) => heldOut) },
  ];
  const last = stage.split("/").at(-1)!;
  const name = armTitle(last);
  const chart = lineChart(name, lines, { width: 330, height: 200, x: { title: "Step" }, y: { title: "Loss" } });
  const note = overfitting(points, last === "value");
  return note === null
    ? chart
    : html`<div>${chart}<p class="note">${note}</p></div>
`;
}

/** Rise above the best held-out loss, as a share of it, that is worth a sentence. */
const worthSaying = 0.05;

/** A sentence if the held-out loss rises during the training, else null. */
export function overfitting(points: Curve["points"], keepsBest: boolean): string | null {
  const seen = points.flatMap(({ step, heldOut }) => (finite(heldOut) ? [{ step, heldOut }] : []));
  const last = seen.at(-1);
  if (!last) return null;
  const best = seen.reduce((a, b) => (b.heldOut < a.heldOut ? b : a));
  if (last.heldOut - best.heldOut <= worthSaying * Math.abs(best.heldOut)) return null;
  const kept = keepsBest
    ? "The checkpoint of that step is used."
    : "The last weights are used: a policy’s loss says little of how often it succeeds.";
  return `Held out it is best at step ${number(best.step)} and rises afterwards (overfitting). ${kept}`;
}
