// Held-out episodes to look at: SFT's policy and RECAP's side by side, the value function's curve under each, one clock for both.
import type { Film, FilmedEpisode, TaskSummary } from "../summary.ts";
import { round, scale } from "./axis.ts";
import { finite, number, seconds } from "./format.ts";
import { html, type Markup } from "./html.ts";
import { armTitle } from "./titles.ts";

/** Reads a picture of a run's folder as base64; undefined if it is missing. */
export type Pictures = (path: string) => string | undefined;

const width = 384;
const [left, right] = [38, width - 8];
const [top, bottom] = [24, 100];
const values = { low: -1, high: 0, ticks: [], label: String };

/** A task's films; the first is open. Nothing without films, or without their pictures. */
export function filmSection({ task, films = [] }: TaskSummary, pictures: Pictures): Markup | null {
  const shown = films.flatMap((film) => {
    const [before, after] = [pictures(film.before.sheet), pictures(film.after.sheet)];
    return before === undefined || after === undefined ? [] : [filmed(task, film, before, after)];
  });
  if (shown.length === 0) return null;
  return html`<h3>What they do: the same held-out episodes by both policies</h3>
<p>Of each outcome the first seeds of the evaluation, chosen by nothing else. The curve is the value function’s opinion of what it sees at each
moment: 0 means done, −1 means failed, and between them it falls with the time that it expects success to take still.</p>
${shown.map(
  (
    markup,
    index,
  ) => html`<details class="film" name="films-${task}" id="${filmId(task, films[index]!.seed)}"${index === 0 ? openAttribute : null}>${markup}</details>
`,
)}<noscript><p class="note">The films play where scripts are allowed.</p></noscript>
`;
}

const openAttribute: Markup = { markup: " open" };

/** A film's id in the page. */
export const filmId = (task: string, seed: number): string => `film-${task}-${seed}`;

/** The outcome of both: "RECAP alone succeeds". */
function outcomeWords({ before, after }: Film): string {
  if (before.success && after.success) return "both succeed";
  if (!before.success && !after.success) return "neither succeeds";
  return `${armTitle((after.success ? after : before).arm)} alone succeeds`;
}

function filmed(task: string, film: Film, before: string, after: string): Markup {
  const end = Math.max(film.before.seconds, film.after.seconds);
  const id = filmId(task, film.seed);
  return html`<summary>Seed ${film.seed}: <strong>${outcomeWords(film)}</strong>, “${film.instruction}”</summary>
<div class="pair">
${shot(film.before, before, end)}${shot(film.after, after, end)}</div>
<div class="controls"><button type="button">Play</button><input type="range" min="0" max="${end}" step="any" value="0" aria-label="Time of ${id}"><output>${seconds(0)}</output></div>
`;
}

function shot(episode: FilmedEpisode, sheet: string, end: number): Markup {
  const { arm, success, seconds: length, fps, columns } = episode;
  const kind = arm === "recap" ? "recap" : "sft";
  const ending = success ? `succeeds after ${seconds(length)}` : `has not succeeded after ${seconds(length)}`;
  const rows = Math.ceil(episode.values.length / columns);
  return html`<figure class="shot ${kind}" data-fps="${fps}" data-seconds="${length}" data-columns="${columns}" data-rows="${rows}" data-values="${episode.values.map((v) => (finite(v) ? v.toFixed(3) : "")).join(" ")}">
<figcaption><strong>${armTitle(arm)}</strong> ${ending}</figcaption>
<div class="screen"><img src="data:image/webp;base64,${sheet}" alt="${armTitle(arm)}, which ${ending}" style="width:${100 * columns}%"><span class="badge ${success ? "done" : "over"}">${success ? "Success" : "Time is up"}</span></div>
${valueCurve(episode, end)}</figure>
`;
}

function valueCurve({ arm, values: course, fps, seconds: length }: FilmedEpisode, end: number): Markup {
  const x = scale({ low: 0, high: end, ticks: [], label: String }, left, right);
  const y = scale(values, bottom, top);
  const at = (index: number) => Math.min(index / fps, length);
  const path = course
    .map((v, index) => (finite(v) ? `${finite(course[index - 1]) ? "L" : "M"}${x(at(index))} ${y(v)}` : ""))
    .join("");
  const area = { left, right };
  return html`<svg class="value" viewBox="0 0 ${width} ${bottom + 22}" data-area="${JSON.stringify(area)}" role="img" aria-label="Value of ${armTitle(arm)}’s episode">
<text class="axis" x="0" y="10">Value</text><text class="reading" x="${right}" y="10" text-anchor="end"></text>
${[0, -0.5, -1].map((tick) => html`<path class="grid" d="M${left} ${y(tick)}H${right}"/><text class="tick" x="${left - 5}" y="${y(tick) + 4}" text-anchor="end">${number(tick)}</text>`)}
<path class="value-curve" d="${path}"/>
<path class="cursor" d="M0 ${top}V${bottom}" transform="translate(${left})"/>
<text class="tick" x="${left}" y="${bottom + 16}">${seconds(0)}</text><text class="tick" x="${right}" y="${bottom + 16}" text-anchor="end">${seconds(round(end))}</text>
</svg>
`;
}
