// One training episode under the value function: pictures, the value curve, and the advantages as bars from the threshold. Bars above it are
// labelled positive, bars below it negative; corrections below it are forced positive and have a colour of their own.
import type { Trace } from "../summary.ts";
import { type Axis, axis, round, scale, tightAxis } from "./axis.ts";
import { finite, number } from "./format.ts";
import { html, type Markup } from "./html.ts";

const width = 900;
const [left, right] = [58, width - 14];
const curveHeight = 150;
const barsHeight = 84;

const kinds = { success: "A success", failure: "A failure", corrected: "A corrected episode" } as const;

/** All of a task's traces on the same axes of value and advantage, so that they can be compared. */
export function traceCharts(traces: readonly Trace[]): readonly Markup[] {
  const values = axis([0, ...traces.flatMap((trace) => trace.values)]);
  const advantages = tightAxis([0, ...traces.flatMap((trace) => [...trace.advantages, trace.threshold ?? 0])]);
  return traces.filter((trace) => trace.values.length > 0).map((trace) => traceChart(trace, values, advantages));
}

function traceChart(trace: Trace, values: Axis, advantages: Axis): Markup {
  const frames = trace.values.length;
  const timed = finite(trace.fps) && trace.fps > 0;
  const perFrame = timed ? 1 / trace.fps : 1;
  const time = tightAxis([0, frames * perFrame], 8);
  const toX = scale(time, left, right);
  const x = (frame: number) => toX(frame * perFrame);
  const strip = pictures(trace, x);
  const curveTop = strip.height + (strip.height > 0 ? 62 : 26);
  const curveBottom = curveTop + curveHeight;
  const barsTop = curveBottom + 40;
  const barsBottom = barsTop + barsHeight;
  const title = `${kinds[trace.kind]}: episode ${trace.episode}`;
  const [v, a] = [scale(values, curveBottom, curveTop), scale(advantages, barsBottom, barsTop)];
  const acted = spans(trace.intervention);
  const doubts = spans(excursions(trace));
  return html`<figure class="trace">
<figcaption>${title}, “${trace.instruction}”</figcaption>
<div class="scroll"><svg class="readable" data-area="${JSON.stringify({ left, right })}" data-step="${round(perFrame * 1e4) / 1e4}" data-readings="${readings(trace)}" viewBox="0 0 ${width} ${barsBottom + 44}" role="img" aria-label="${title}">
${acted.map(([begin, end]) => html`<rect class="acted" x="${x(begin)}" y="${curveTop}" width="${round(x(end) - x(begin))}" height="${barsBottom - curveTop}"/>`)}
${doubts.map(([begin, end]) => html`<rect class="doubt" x="${x(begin)}" y="${curveTop}" width="${round(x(end) - x(begin))}" height="${curveHeight}"/>`)}
${strip.markup}
<text class="axis" x="0" y="${curveTop - 14}">Value (normalised return)</text>
${gridLines(values, v)}
<path class="value-curve" d="${curve(trace.values, x, v)}"/>
<text class="axis" x="0" y="${barsTop - 14}">Advantage, from the threshold ε${finite(trace.threshold) ? ` = ${number(trace.threshold)}` : null}</text>
${gridLines(advantages, a)}
${words.map((word) => html`<path class="${word}" stroke-width="${round(Math.max(1, 0.8 * (x(1) - x(0))))}" d="${bars(trace, word, x, a)}"/>`)}
${time.ticks.map((tick) => html`<text class="tick" x="${toX(tick)}" y="${barsBottom + 18}" text-anchor="middle">${time.label(tick)}</text>`)}
<text class="axis" x="${right}" y="${barsBottom + 38}" text-anchor="end">${timed ? "Time (s)" : "Frame"}</text>
${finite(trace.threshold) ? html`<path class="threshold" d="M${left} ${a(trace.threshold)}H${right}"/>` : null}
<path class="cursor" d="M0 ${curveTop}V${barsBottom}" visibility="hidden"/><text class="reading" x="${right}" y="${curveTop - 14}" text-anchor="end"></text>
</svg></div>
</figure>
`;
}

/** The key to the colours, once for all traces of a task. */
export function traceKey(traces: readonly Trace[]): Markup {
  const acted = traces.some(({ intervention }) => intervention.includes(true));
  const doubted = traces.some((trace) => excursions(trace).includes(true));
  const entries = [
    ["positive", "above the threshold ε: labelled positive"],
    ["negative", "at or below it: labelled negative"],
    ...(acted
      ? [
          ["forced", "below it, but a correction: forced positive"],
          ["acted", "a person or the supervisor acts"],
        ]
      : []),
    ...(doubted ? [["doubt", "the value jumps and comes back: doubt, as when the arm hides the object"]] : []),
  ] as const;
  return html`<p class="note">Value: 0 means done, −1 means failed. Advantage: how much better the next steps went than the value function expected.
The threshold parts a chosen share of the task’s frames from the rest, so that it need not be 0: an action can be better than expected and
still not among the best. Where a person acts, the label is positive whatever the advantage.${doubted ? " A jump of the value that comes back is no progress, yet it becomes an advantage and then a label." : ""}</p>
<p class="key">${entries.map(([kind, name]) => html`<span><span class="swatch ${kind}"></span>${name}</span> `)}</p>
`;
}

/** A value that leaves both the value of this many seconds before and that after by this much of its range has jumped and come back. */
const excursion = { seconds: 0.75, values: 0.3 };

/** The frames in which the value has jumped and will come back: doubt of the value function, not progress. */
export function excursions({ values, fps }: Pick<Trace, "values" | "fps">): boolean[] {
  const around = Math.max(1, Math.round(excursion.seconds * fps));
  return values.map((value, frame) => {
    const [up, down] = [value - values[frame - around]!, value - values[frame + around]!];
    return Math.min(up, down) >= excursion.values || Math.max(up, down) <= -excursion.values;
  });
}

/** Pictures in slots of equal width, each with a line to its time. */
function pictures(
  { pictures: frames }: Trace,
  x: (frame: number) => number,
): { height: number; markup: readonly Markup[] } {
  if (frames.length === 0) return { height: 0, markup: [] };
  const slot = (right - left) / frames.length;
  const sizes = frames.map(({ png }) => pngSize(png));
  const pictureWidth = Math.min(slot - 6, 150);
  const height = Math.max(...sizes.map((size) => (pictureWidth * size.height) / size.width));
  const markup = frames.map(({ frame, png }, index) => {
    const center = left + (index + 0.5) * slot;
    return html`<image x="${round(center - pictureWidth / 2)}" y="0" width="${round(pictureWidth)}" height="${round(height)}" href="data:image/png;base64,${png}"><title>Frame ${frame}</title></image>
<path class="leader" d="M${round(center)} ${round(height + 4)}V${round(height + 10)}L${x(frame)} ${round(height + 20)}V${round(height + 26)}"/>
`;
  });
  return { height: round(height), markup };
}

/** Width and height from a PNG's first chunk; a square where it cannot be read. */
function pngSize(base64: string): { width: number; height: number } {
  const head = Buffer.from(base64.slice(0, 32), "base64");
  const size =
    head.length >= 24 ? { width: head.readUInt32BE(16), height: head.readUInt32BE(20) } : { width: 0, height: 0 };
  return size.width > 0 && size.height > 0 ? size : { width: 1, height: 1 };
}

function gridLines(drawn: Axis, y: (value: number) => number): readonly Markup[] {
  return drawn.ticks.map(
    (tick, index) =>
      html`<path class="grid" d="M${left} ${y(tick)}H${right}"/><text class="${index % 2 === 0 ? "tick" : "tick every-second"}" x="${left - 7}" y="${y(tick) + 4}" text-anchor="end">${drawn.label(tick)}</text>`,
  );
}

/** A line through the finite values, broken where there are none. */
function curve(values: readonly number[], x: (frame: number) => number, y: (value: number) => number): string {
  return values
    .map((value, frame) => (finite(value) ? `${finite(values[frame - 1]) ? "L" : "M"}${x(frame)} ${y(value)}` : ""))
    .join("");
}

const words = ["negative", "forced", "positive"] as const;

/** What became of a frame: "forced" where only the correction made it positive. */
function wordOf({ advantages, positive, intervention, threshold }: Trace, frame: number): (typeof words)[number] {
  if (!positive[frame]) return "negative";
  return intervention[frame] && finite(threshold) && !(advantages[frame]! > threshold) ? "forced" : "positive";
}

/** A bar from the threshold for each frame with that word. */
function bars(
  trace: Trace,
  word: (typeof words)[number],
  x: (frame: number) => number,
  y: (value: number) => number,
): string {
  const from = y(trace.threshold ?? 0);
  return trace.advantages
    .map((advantage, frame) =>
      finite(advantage) && wordOf(trace, frame) === word ? `M${x(frame + 0.5)} ${from}V${y(advantage)}` : "",
    )
    .join("");
}

/** What the pointer reads at each frame, between vertical bars. */
const readings = (trace: Trace): string =>
  trace.values
    .map(
      (value, frame) => `value ${number(value)}, advantage ${number(trace.advantages[frame])}, ${wordOf(trace, frame)}`,
    )
    .join("|");

/** Runs of true, as [first, one past the last]. */
export function spans(flags: readonly boolean[]): readonly (readonly [number, number])[] {
  const edges = flags.flatMap((flag, index) => (flag !== (flags[index - 1] ?? false) ? [index] : []));
  if (flags.at(-1)) edges.push(flags.length);
  return edges.flatMap((begin, index) => (index % 2 === 0 ? [[begin, edges[index + 1]!] as const] : []));
}
