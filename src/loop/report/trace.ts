// One episode under the value function: frames, the value curve below them, and the advantages, coloured by the word they became.
import type { Trace } from "../summary.ts";
import { type Axis, axis, round, scale, tightAxis } from "./axis.ts";
import { finite } from "./format.ts";
import { html, type Markup } from "./html.ts";

const width = 900;
const [left, right] = [58, width - 14];
const curveHeight = 150;
const barsHeight = 84;

const kinds = { success: "A success", failure: "A failure", corrected: "A corrected episode" } as const;

/** All of a task's traces on the same axes of value and advantage, so that they can be compared. */
export function traceCharts(traces: readonly Trace[]): readonly Markup[] {
  const values = axis([0, ...traces.flatMap((trace) => trace.values)]);
  const advantages = tightAxis([0, ...traces.flatMap((trace) => trace.advantages)]);
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
  return html`<figure class="trace">
<figcaption>${title}, “${trace.instruction}”</figcaption>
<div class="scroll"><svg viewBox="0 0 ${width} ${barsBottom + 44}" role="img" aria-label="${title}">
${acted.map(([begin, end]) => html`<rect class="acted" x="${x(begin)}" y="${curveTop}" width="${round(x(end) - x(begin))}" height="${barsBottom - curveTop}"/>`)}
${strip.markup}
<text class="axis" x="0" y="${curveTop - 14}">Value (normalised return)</text>
${gridLines(values, v)}
<path class="value-curve" d="${curve(trace.values, x, v)}"/>
<text class="axis" x="0" y="${barsTop - 14}">Advantage</text>
${gridLines(advantages, a)}
${(["negative", "positive"] as const).map((word) => html`<path class="${word}" stroke-width="${round(Math.max(1, 0.8 * (x(1) - x(0))))}" d="${bars(trace, word, x, a)}"/>`)}
${time.ticks.map((tick) => html`<text class="tick" x="${toX(tick)}" y="${barsBottom + 18}" text-anchor="middle">${time.label(tick)}</text>`)}
<text class="axis" x="${right}" y="${barsBottom + 38}" text-anchor="end">${timed ? "Time (s)" : "Frame"}</text>
</svg></div>
</figure>
`;
}

/** The key to the colours, once for all traces of a task. */
export function traceKey(traces: readonly Trace[]): Markup {
  const acted = traces.some(({ intervention }) => intervention.includes(true));
  const entries = [
    ["positive", "labelled positive"],
    ["negative", "labelled negative"],
    ...(acted ? [["acted", "a person or the supervisor acts"]] : []),
  ] as const;
  return html`<p class="key">${entries.map(([kind, name]) => html`<span><span class="swatch ${kind}"></span>${name}</span> `)}</p>
`;
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
    (tick) =>
      html`<path class="grid" d="M${left} ${y(tick)}H${right}"/><text class="tick" x="${left - 7}" y="${y(tick) + 4}" text-anchor="end">${drawn.label(tick)}</text>`,
  );
}

/** A line through the finite values, broken where there are none. */
function curve(values: readonly number[], x: (frame: number) => number, y: (value: number) => number): string {
  return values
    .map((value, frame) => (finite(value) ? `${finite(values[frame - 1]) ? "L" : "M"}${x(frame)} ${y(value)}` : ""))
    .join("");
}

/** A bar from zero for each frame with that word. */
function bars(
  { advantages, positive }: Trace,
  word: "positive" | "negative",
  x: (frame: number) => number,
  y: (value: number) => number,
): string {
  return advantages
    .map((advantage, frame) =>
      finite(advantage) && positive[frame] === (word === "positive")
        ? `M${x(frame + 0.5)} ${y(0)}V${y(advantage)}`
        : "",
    )
    .join("");
}

/** Runs of true, as [first, one past the last]. */
export function spans(flags: readonly boolean[]): readonly (readonly [number, number])[] {
  const edges = flags.flatMap((flag, index) => (flag !== (flags[index - 1] ?? false) ? [index] : []));
  if (flags.at(-1)) edges.push(flags.length);
  return edges.flatMap((begin, index) => (index % 2 === 0 ? [[begin, edges[index + 1]!] as const] : []));
}
