// Lines over two axes, each with its name at its end.
import { type Axis, axis, scale, tightAxis } from "./axis.ts";
import { finite, number } from "./format.ts";
import { html, type Markup } from "./html.ts";

export type Point = readonly [x: number, y: number];

interface Line {
  readonly name: string;
  readonly kind: "recap" | "sft" | "control";
  readonly points: readonly Point[];
  /** Whether the value stays until the next point, as in a count over time. */
  readonly steps?: boolean;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly x: { readonly title: string; readonly axis?: Axis };
  readonly y: { readonly title: string; readonly axis?: Axis };
}

/** About the width of a letter or digit, pixels. */
const letter = 8.5;
const lineHeight = 16;

/** A chart of lines; points that are not finite are left out. */
export function lineChart(title: string, lines: readonly Line[], { width, height, x: across, y: up }: Frame): Markup {
  const drawn = lines
    .map((line) => ({ ...line, points: line.points.filter(([x, y]) => finite(x) && finite(y)) }))
    .filter(({ points }) => points.length > 0);
  const points = drawn.flatMap((line) => line.points);
  const xAxis = across.axis ?? tightAxis([0, ...points.map(([x]) => x)]);
  const yAxis = up.axis ?? axis(points.map(([, y]) => y));
  const labels = yAxis.ticks.map(yAxis.label);
  const left = 10 + letter * Math.max(...labels.map(({ length }) => length));
  const [right, top, bottom] = [
    width - 18 - letter * Math.max(0, ...drawn.map(({ name }) => name.length)),
    30,
    height - 44,
  ];
  const [x, y] = [scale(xAxis, left, right), scale(yAxis, bottom, top)];
  const names = apart(
    drawn.map((line) => y(line.points.at(-1)![1])),
    top,
    bottom,
  );
  return html`<figure class="chart">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<text class="axis" x="0" y="14">${up.title}</text>
${yAxis.ticks.map((tick, index) => html`<path class="grid" d="M${left} ${y(tick)}H${right}"/><text class="tick" x="${left - 7}" y="${y(tick) + 4}" text-anchor="end">${labels[index]}</text>`)}
${xAxis.ticks.map((tick) => html`<text class="tick" x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${xAxis.label(tick)}</text>`)}
<text class="axis" x="${right}" y="${bottom + 38}" text-anchor="end">${across.title}</text>
${drawn.map(
  (
    line,
    index,
  ) => html`<g class="${line.kind}"><path class="line" d="${path(line, x, y)}"/>${line.points.length === 1 ? html`<circle class="dot" cx="${x(line.points[0]![0])}" cy="${y(line.points[0]![1])}" r="3.5"/>` : null}${hits(line.points, x, y, xAxis, yAxis)}<text class="name" x="${right + 8}" y="${names[index]! + 4}">${line.name}</text></g>
`,
)}
</svg>
</figure>
`;
}

/** Most points of a line with numbers for the pointer. */
const mostHits = 60;

/** Invisible dots with a point's numbers. */
function hits(
  points: readonly Point[],
  x: (value: number) => number,
  y: (value: number) => number,
  xAxis: Axis,
  yAxis: Axis,
): readonly Markup[] {
  const every = Math.ceil(points.length / mostHits);
  const said = (value: number, { label, ticks }: Axis) => (ticks.includes(value) ? label(value) : number(value));
  return points
    .filter((_, index) => index % every === 0 || index === points.length - 1)
    .map(
      ([px, py]) =>
        html`<circle class="hit" cx="${x(px)}" cy="${y(py)}" r="6"><title>${said(px, xAxis)}: ${yAxis.label(0).includes("%") ? yAxis.label(py) : said(py, yAxis)}</title></circle>`,
    );
}

function path({ points, steps }: Line, x: (value: number) => number, y: (value: number) => number): string {
  return points
    .map(([px, py], index) =>
      index === 0 ? `M${x(px)} ${y(py)}` : steps ? `H${x(px)}V${y(py)}` : `L${x(px)} ${y(py)}`,
    )
    .join("");
}

/** Heights for names near `wanted`, each a line's height from the next, within the picture if they fit. */
export function apart(wanted: readonly number[], top: number, bottom: number): readonly number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = [...wanted];
  let free = top;
  for (const index of order) {
    placed[index] = Math.max(wanted[index]!, free);
    free = placed[index] + lineHeight;
  }
  let limit = bottom;
  for (const index of order.reverse()) {
    placed[index] = Math.min(placed[index]!, limit);
    limit = placed[index] - lineHeight;
  }
  return placed;
}
