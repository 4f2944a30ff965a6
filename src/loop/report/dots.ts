// A row for each policy: its estimate as a dot on its 95 % interval, named and with its number above the line.

import type { Estimate } from "../../rollout/index.ts";
import { recap } from "../extraction/recap.ts";
import { sft } from "../extraction/sft.ts";
import type { ArmResult } from "../summary.ts";
import { axis, scale } from "./axis.ts";
import { finite } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { armTitle, byIteration, iterationTitle } from "./titles.ts";

const width = 440;
const [left, right] = [0, width];
const row = 44;
const heading = 34;

/** A chart's measure of each policy. */
export interface Measure {
  readonly title: string;
  readonly axisTitle: string;
  readonly pick: (result: ArmResult) => Estimate;
  /** The number with its interval. */
  readonly words: (estimate: Estimate) => string;
  readonly tick?: (value: number) => string;
  /** The least range of the axis. */
  readonly range: readonly number[];
}

export function dotChart(
  { title, axisTitle, pick, words, tick, range }: Measure,
  results: readonly ArmResult[],
): Markup {
  const drawn = axis([...range, ...results.map(pick).flatMap(({ value, low, high }) => [value, low, high])]);
  const label = tick ?? drawn.label;
  const x = scale(drawn, left, right);
  const reference = results.find(({ arm }) => arm === sft.name);
  const before = reference && pick(reference).value;
  const groups = byIteration(results);
  let y = 0;
  const marks = groups.map(({ iteration, results: ofIteration }) => {
    y += heading;
    const head = html`<text class="group" x="${left}" y="${y - 12}">${iterationTitle(iteration)}</text>`;
    return [
      head,
      ...ofIteration.map((result) => {
        y += row;
        return dotRow(result, pick(result), words, x, drawn.ticks, before, y - 12);
      }),
    ];
  });
  const bottom = y + 4;
  return html`<figure class="chart">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${bottom + 44}" role="img" aria-label="${title}">
${marks}
${tickLabels(drawn.ticks, label, x, bottom + 14)}
<text class="axis" x="${right}" y="${bottom + 34}" text-anchor="end">${axisTitle}${finite(before) ? `; dotted: ${armTitle(sft.name)}` : null}</text>
</svg>
</figure>
`;
}

function dotRow(
  { arm }: ArmResult,
  estimate: Estimate,
  words: (estimate: Estimate) => string,
  x: (value: number) => number,
  ticks: readonly number[],
  before: number | undefined,
  y: number,
): Markup {
  const kind = arm === recap.name ? "recap" : arm === sft.name ? "sft" : "control";
  const { value, low, high } = estimate;
  return html`<g class="${kind}">
<text class="name" x="${left}" y="${y - 14}">${armTitle(arm)}</text><text class="value" x="${right}" y="${y - 14}" text-anchor="end">${words(estimate)}</text>
<path class="grid" d="M${x(ticks[0]!)} ${y}H${x(ticks.at(-1)!)}${ticks.map((tick) => `M${x(tick)} ${y - 4}v8`).join("")}"/>
${finite(before) ? html`<path class="reference" d="M${x(before)} ${y - 6}v12"/>` : null}
${finite(low) && finite(high) ? html`<path class="whisker" d="M${x(low)} ${y}H${x(high)}"/>` : null}
${finite(value) ? html`<circle class="dot" cx="${x(value)}" cy="${y}" r="5"><title>${armTitle(arm)}: ${words(estimate)}</title></circle>` : null}
</g>
`;
}

/** Labels below an axis as wide as the picture: the outermost stay within it. */
export function tickLabels(
  ticks: readonly number[],
  label: (tick: number) => string,
  x: (tick: number) => number,
  y: number,
): readonly Markup[] {
  const anchor = (index: number) => (index === 0 ? "start" : index === ticks.length - 1 ? "end" : "middle");
  return ticks.map(
    (tick, index) =>
      html`<text class="tick" x="${x(tick)}" y="${y}" text-anchor="${anchor(index)}">${label(tick)}</text>`,
  );
}
