// How soon episodes succeed, before and after: each success, and the share of all episodes, so that failures count too.
import { recap } from "../extraction/recap.ts";
import { sft } from "../extraction/sft.ts";
import type { ArmResult, TaskSummary } from "../summary.ts";
import { type Axis, axis, scale } from "./axis.ts";
import { tickLabels } from "./dots.ts";
import { filmId } from "./films.ts";
import { finite, number, percent, seconds } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { lineChart, type Point } from "./lines.ts";
import { armTitle } from "./titles.ts";
import { improved } from "./verdict.ts";

/** The middle of the times, or NaN of none. */
export function median(times: readonly number[]): number {
  const sorted = times.filter(finite).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Every success at its time, by policy, beside the share that has succeeded by then; nothing where no policy has succeeded. */
export function timesCharts(task: TaskSummary): Markup | null {
  const before = task.results.filter(({ arm }) => arm === sft.name);
  const shown = [...before, ...improved(task)].filter(({ timesToSuccess }) => timesToSuccess.some(finite));
  if (shown.length === 0) return null;
  const time = axis([0, ...shown.flatMap(({ timesToSuccess }) => timesToSuccess)]);
  const ends = [...new Set([shown[0]!, shown.at(-1)!])];
  const lines = ends.map((result) => ({
    name: armTitle(result.arm),
    kind: result.arm === recap.name ? ("recap" as const) : ("sft" as const),
    points: succeededBy(result, time.high),
    steps: true,
  }));
  return html`<div class="charts">
${stripChart(task, shown, time)}${lineChart("Episodes that have succeeded by then", lines, {
  width,
  height: 240,
  x: { title: axisTitle, axis: time },
  y: { title: "Share of all episodes", axis: { ...axis([0, 1]), label: percent } },
})}</div>
${sharedNote(task)}`;
}

/** Why medians of all successes mislead: the later policy also solves what takes longer. */
function sharedNote(task: TaskSummary): Markup | null {
  const both = improved(task).at(-1)?.bothSolved;
  if (!both || !finite(both.before) || !finite(both.after)) return null;
  return html`<p class="note">Medians of all successes compare different episodes: a policy that solves more also solves harder ones. On the
${number(both.episodes)} episodes that both solve, the median is ${seconds(both.before)} for ${armTitle(sft.name)} and ${seconds(both.after)} for ${armTitle(recap.name)}.</p>
`;
}

const width = 440;
const row = 56;
const axisTitle = "Time since the episode began (s)";

function stripChart({ task, films = [] }: TaskSummary, results: readonly ArmResult[], time: Axis): Markup {
  const [left, right] = [0, width];
  const x = scale(time, left, right);
  const bottom = row * results.length + 2;
  const title = "Time to success";
  const filmed = (result: ArmResult) =>
    films.flatMap((film) =>
      [film.before, film.after]
        .filter(({ arm, iteration, success }) => success && arm === result.arm && iteration === result.iteration)
        .map((episode) => ({ href: `#${filmId(task, film.seed)}`, seed: film.seed, seconds: episode.seconds })),
    );
  const strips = results.map((result, index) => {
    const { arm, iteration, timesToSuccess } = result;
    const y = row * index + 34;
    const name = iteration === 0 ? armTitle(arm) : `${armTitle(arm)}, iteration ${iteration}`;
    const middle = median(timesToSuccess);
    const ticks = timesToSuccess
      .filter(finite)
      .map((at) => html`<path class="strip" d="M${x(at)} ${y - 8}v16"><title>${seconds(at)}</title></path>`);
    const links = filmed(result).map(
      (film) =>
        html`<a href="${film.href}"><path class="filmed" d="M${x(film.seconds)} ${y + 9}l5 8h-10z"><title>Seed ${film.seed}, ${seconds(film.seconds)}: watch it</title></path></a>`,
    );
    return html`<g class="${arm === recap.name ? "recap" : "sft"}">
<text class="name" x="${left}" y="${y - 17}">${name}</text><text class="value" x="${right}" y="${y - 17}" text-anchor="end">median ${seconds(middle)}</text>
<path class="grid" d="M${left} ${y}H${right}"/>
${ticks}
<circle class="dot" cx="${x(middle)}" cy="${y}" r="5"><title>Median ${seconds(middle)}</title></circle>${links}
</g>
`;
  });
  return html`<figure class="chart">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${bottom + 44}" role="img" aria-label="${title}">
${strips}
${tickLabels(time.ticks, time.label, x, bottom + 14)}
<text class="axis" x="${right}" y="${bottom + 34}" text-anchor="end">${axisTitle}${films.length > 0 ? "; triangles lead to films" : null}</text>
</svg>
</figure>
`;
}

function succeededBy({ timesToSuccess, episodes }: ArmResult, end: number): readonly Point[] {
  const times = timesToSuccess.filter(finite).sort((a, b) => a - b);
  const rise = times.map((time, index): Point => [time, (index + 1) / episodes]);
  return [[0, 0], ...rise, [end, times.length / episodes]];
}
