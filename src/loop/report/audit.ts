// The audit of a task's value function and labels, as two pictures: true against estimated value, and the true advantage by label.
import { type Audit, auditVerdict, type LabelGroup, rescueSentence } from "../../audit/index.ts";
import type { Estimate } from "../../rollout/index.ts";
import type { RunAudit } from "../audits.ts";
import { axis, round, scale } from "./axis.ts";
import { tickLabels } from "./dots.ts";
import { duration, finite, number } from "./format.ts";
import { html, type Markup } from "./html.ts";

const width = 440;

export function auditSection({ iteration, audit }: RunAudit): Markup {
  const { of, episodes, ofEpisodes, moments, runs } = audit;
  const rescue = rescueSentence(audit);
  return html`<h3>Beside the truth: iteration ${iteration}${of === "supervised" ? ", policy and supervisor together" : null}</h3>
<p>${auditVerdict(audit)}${rescue ? ` ${rescue}` : null}</p>
<p class="note">True values are mean returns of ${number(runs)} runs of the policy from ${number(moments)} moments of ${number(episodes)} of
${number(ofEpisodes)} episodes. The noise of the runs is taken out of the correlations.</p>
<div class="charts">
${calibrationChart(audit)}${audit.labels ? labelChart(audit) : null}</div>
`;
}

/** Mean truth by V, in bins: on the dotted diagonal V is right. */
function calibrationChart({ value }: Audit): Markup {
  const title = "True against estimated value";
  const [left, right, top, bottom] = [44, width - 8, 30, 300];
  const drawn = axis([-1, 0]);
  const [x, y] = [scale(drawn, left, right), scale(drawn, bottom, top)];
  const most = Math.max(...value.calibration.map(({ moments }) => moments));
  return html`<figure class="chart recap">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${bottom + 44}" role="img" aria-label="${title}">
<text class="axis" x="0" y="14">Mean true value, 95 % interval</text>
${drawn.ticks.map((tick) => html`<path class="grid" d="M${left} ${y(tick)}H${right}"/><text class="tick" x="${left - 7}" y="${y(tick) + 4}" text-anchor="end">${drawn.label(tick)}</text>`)}
${tickLabels(drawn.ticks, drawn.label, x, bottom + 18)}
<path class="reference" d="M${left} ${bottom}L${right} ${top}"/>
${value.calibration.map(({ moments, value: estimated, truth }) => {
  const said = `V ${plain(estimated)}, truth ${plain(truth.value)}, ${number(moments)} moments`;
  const radius = round(2.5 + 5 * Math.sqrt(moments / most));
  return html`${whisker(truth, (low, high) => `M${x(estimated)} ${y(low)}V${y(high)}`)}<circle class="dot" cx="${x(estimated)}" cy="${y(truth.value)}" r="${radius}"><title>${said}</title></circle>
`;
})}
<text class="axis" x="${right}" y="${bottom + 38}" text-anchor="end">V; dotted: V is right. Larger dots: more moments</text>
</svg>
</figure>
`;
}

interface Row {
  readonly name: string;
  readonly kind: "recap" | "sft" | "control";
  readonly estimate: Estimate;
  readonly note: string;
}

const row = 44;
const heading = 34;

/** The mean true advantage of frames by their label, over all and by source and outcome. */
function labelChart({ labels, advantage }: Audit): Markup | null {
  if (!labels) return null;
  const seconds = finite(advantage.lookahead) ? `over ${duration(advantage.lookahead)}` : "to the end";
  const title = "True advantage by label";
  const rows = (groups: readonly LabelGroup[]) => groups.map(rowOf);
  const groupsOf = (is: (group: LabelGroup) => boolean) => labels.groups.filter(is);
  const sources = [...new Set(labels.groups.flatMap(({ source }) => source ?? []))];
  const parts: (readonly [string, readonly Row[]])[] = [
    ["All frames", rows(groupsOf(({ source, success }) => source === undefined && success === undefined))],
    ...(sources.length > 1
      ? sources.map((name) => [capital(name), rows(groupsOf(({ source }) => source === name))] as const)
      : []),
    ["In successes", rows(groupsOf(({ success }) => success === true))],
    ["In failures", rows(groupsOf(({ success }) => success === false))],
  ];
  const shown = parts.filter(([, own]) => own.length > 0);
  const all = shown.flatMap(([, own]) => own.flatMap(({ estimate: { value, low, high } }) => [value, low, high]));
  const drawn = axis([0, ...all]);
  const x = scale(drawn, 0, width);
  let at = 0;
  const marks = shown.map(([name, own]) => {
    at += heading;
    const head = html`<text class="group" x="0" y="${at - 12}">${name}</text>`;
    return [
      head,
      ...own.map((one) => {
        at += row;
        return labelRow(one, x, drawn.ticks, at - 12);
      }),
    ];
  });
  return html`<figure class="chart">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${at + 48}" role="img" aria-label="${title}">
${marks}
${tickLabels(drawn.ticks, drawn.label, x, at + 18)}
<text class="axis" x="${width}" y="${at + 38}" text-anchor="end">Mean true advantage ${seconds}, 95 % interval; dotted: 0</text>
</svg>
</figure>
`;
}

function rowOf({ label, moments, advantage }: LabelGroup): Row {
  const kind = label === "positive" ? "recap" : label === "negative" ? "sft" : "control";
  const name = label === "forced" ? "Forced positive" : capital(label);
  return { name, kind, estimate: advantage, note: `${number(moments)} moments` };
}

function labelRow(
  { name, kind, estimate, note }: Row,
  x: (value: number) => number,
  ticks: readonly number[],
  y: number,
): Markup {
  const { value } = estimate;
  return html`<g class="${kind}">
<text class="name" x="0" y="${y - 14}">${name}, ${note}</text><text class="value" x="${width}" y="${y - 14}" text-anchor="end">${signed(value)}</text>
<path class="grid" d="M${x(ticks[0]!)} ${y}H${x(ticks.at(-1)!)}${ticks.map((tick) => `M${x(tick)} ${y - 4}v8`).join("")}"/>
<path class="reference" d="M${x(0)} ${y - 8}v16"/>
${whisker(estimate, (low, high) => `M${x(low)} ${y}H${x(high)}`)}
${finite(value) ? html`<circle class="dot" cx="${x(value)}" cy="${y}" r="5"><title>${name}: ${signed(value)}</title></circle>` : null}
</g>
`;
}

const whisker = ({ low, high }: Estimate, path: (low: number, high: number) => string): Markup | null =>
  finite(low) && finite(high) ? html`<path class="whisker" d="${path(low, high)}"/>` : null;

const plain = (x: number): string => (finite(x) ? x.toFixed(2).replace("-", "−") : "–");
const signed = (x: number): string => (x > 0 ? `+${plain(x)}` : plain(x));
const capital = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;
