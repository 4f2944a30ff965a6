// The pictures of a film for readers: both policies side by side with name and outcome, and the value curve growing
// under each.
import sharp from "sharp";
import type { Image } from "../data/index.ts";
import { html, type Markup } from "./report/html.ts";
import type { Film, FilmedEpisode } from "./summary.ts";

/** Pixels. */
const layout = { margin: 14, gap: 18, heading: 34, panel: { width: 384, height: 288 }, curve: 96 };
const { margin, gap, heading, panel, curve } = layout;
const width = 2 * (margin + panel.width) + gap;
const height = margin + heading + panel.height + curve + margin;
/** The lower edge of the panels. */
const bottom = margin + heading + panel.height;
const lefts = [margin, margin + panel.width + gap] as const;
const colours = {
  paper: "#fdfdfb",
  muted: "#63686f",
  line: "#dcdcd6",
  before: "#3b4046",
  after: "#1463c0",
  failed: "#b9541a",
};
/** Seconds for showing the end. */
const rest = 1.5;

/** Every picture of the film in order. @param sheets of `film.before` and `film.after`, WebP */
export async function* pairPictures(
  film: Film,
  sheets: readonly [Uint8Array, Uint8Array],
  speed: number,
): AsyncGenerator<{ readonly picture: Image; readonly done: number; readonly total: number }> {
  const cells = [await cut(film.before, sheets[0]), await cut(film.after, sheets[1])] as const;
  const length = Math.max(...cells.map((of) => of.length));
  const total = length + Math.round(rest * film.before.fps * speed);
  const end = Math.max(film.before.seconds, film.after.seconds);
  for (let at = 0; at < total; at++) {
    const overlay = drawing(film, at, end, speed);
    const { data } = await sharp({ create: { width, height, channels: 3, background: colours.paper } })
      .composite([
        ...cells.map((of, side) => ({
          input: of[Math.min(at, of.length - 1)]!,
          raw: { ...panel, channels: 3 as const },
          left: lefts[side]!,
          top: margin + heading,
        })),
        { input: Buffer.from(overlay) },
      ])
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    yield { picture: { width, height, data: new Uint8Array(data) }, done: at + 1, total };
  }
}

/** The pictures of a sheet, at the panel's size. */
async function cut({ columns, values }: FilmedEpisode, sheet: Uint8Array): Promise<readonly Buffer[]> {
  const rows = Math.ceil(values.length / columns);
  const size = { width: panel.width * columns, height: panel.height * rows };
  const { data } = await sharp(sheet)
    .resize({ ...size, fit: "fill" })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const row = panel.width * 3;
  return values.map((_, index) => {
    const [left, top] = [(index % columns) * row, Math.floor(index / columns) * panel.height];
    const lines = Array.from({ length: panel.height }, (_, y) => {
      const begin = (top + y) * size.width * 3 + left;
      return data.subarray(begin, begin + row);
    });
    return Buffer.concat(lines);
  });
}

/** The drawing over the panels, as SVG. */
function drawing(film: Film, at: number, end: number, speed: number): string {
  const sides = [film.before, film.after].map((episode, side) => {
    const colour = side === 0 ? colours.before : colours.after;
    return html`<g transform="translate(${lefts[side]})">${head(episode, side, at, colour)}${course(episode, at, end, colour)}</g>
`;
  });
  const note = `“${film.instruction}”${speed === 1 ? "" : `, ${speed} times as fast`}`;
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, Liberation Sans, Arial, sans-serif">
${sides}<text x="${lefts[0]! + curveLeft}" y="${height - 8}" font-size="12" fill="${colours.muted}">Value: 0 is done, −1 is failed</text>
<text x="${width - margin}" y="${height - 8}" text-anchor="end" font-size="12" fill="${colours.muted}">${note}</text>
</svg>`.markup;
}

/** The actor, the time, and at the end the outcome. */
function head(
  { iteration, fps, seconds, success, values }: FilmedEpisode,
  side: number,
  at: number,
  colour: string,
): Markup {
  const name =
    side === 0 ? "Cloned from demonstrations" : `After RECAP${iteration > 1 ? `, iteration ${iteration}` : ""}`;
  const length = `${seconds.toFixed(1)} s`;
  const badge = { width: success ? 150 : 190, text: success ? `done after ${length}` : `not done after ${length}` };
  const left = panel.width - 10 - badge.width;
  const ended = html`<rect x="${left}" y="${bottom - 38}" width="${badge.width}" height="28" rx="5" fill="${success ? colours.after : colours.failed}"/>
<text x="${left + badge.width / 2}" y="${bottom - 19}" text-anchor="middle" font-size="14" font-weight="bold" fill="#fff">${badge.text}</text>`;
  return html`<text y="${margin + 20}" font-size="17" font-weight="bold" fill="${colour}">${name}</text>
<text x="${panel.width}" y="${margin + 20}" text-anchor="end" font-size="15" fill="${colours.muted}">${Math.min(at / fps, seconds).toFixed(1)} s</text>
${at >= values.length - 1 ? ended : null}`;
}

/** Left end of the value curve within its panel, pixels: right of the labels 0 and −1. */
const curveLeft = 32;

/** The value curve up to now. */
function course({ fps, seconds, values }: FilmedEpisode, at: number, end: number, colour: string): Markup {
  const [from, to] = [curveLeft, panel.width - 8];
  const [zero, one] = [bottom + 20, height - margin - 12];
  const x = (index: number) => from + ((to - from) * Math.min(index / fps, seconds)) / end;
  const y = (value: number) => zero - (one - zero) * value;
  const shown = values.slice(0, at + 1);
  const points = shown.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  const last = shown.length - 1;
  const ticks = [
    [zero, "0"],
    [one, "−1"],
  ] as const;
  return html`${ticks.map(
    ([height, label]) => html`<path d="M${from} ${height}H${to}" stroke="${colours.line}"/>
<text x="${from - 6}" y="${height + 4}" text-anchor="end" font-size="12" fill="${colours.muted}">${label}</text>`,
  )}
<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-linejoin="round"/>
<circle cx="${x(last)}" cy="${y(shown[last]!)}" r="4.5" fill="${colour}"/>`;
}
