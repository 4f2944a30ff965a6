import { expect, test } from "vitest";
import type { Trace } from "../summary.ts";
import { excursions, spans, traceCharts, traceKey } from "./trace.ts";

test("spans of true", () => {
  expect(spans([true, true, false, true])).toEqual([
    [0, 2],
    [3, 4],
  ]);
  expect(spans([false])).toEqual([]);
});

test("a frame's bar begins at the threshold; a correction below it is forced positive, one above it is not", () => {
  const trace: Trace = {
    kind: "corrected",
    episode: 1,
    fps: 10,
    instruction: "go",
    threshold: 0.1,
    values: [-0.5, -0.4, -0.3, -0.2],
    advantages: [0.05, 0.2, 0.3, -0.1],
    positive: [false, true, true, true],
    intervention: [false, false, true, true],
    pictures: [],
  };
  const chart = traceCharts([trace])[0]!.markup;
  // The axis from −0.1 to 0.3 is 84 high: the threshold lies at half of it, 42 above its lower end.
  const bars = Object.fromEntries(
    [...chart.matchAll(/<path class="(negative|forced|positive)"[^>]* d="([^"]*)"/g)].map(([, word, d]) => [
      word!,
      [...d!.matchAll(/M[\d.]+ ([\d.]+)V([\d.]+)/g)].map(([, from, to]) => Math.round(Number(from) - Number(to))),
    ]),
  );
  expect(bars).toEqual({ negative: [-10], forced: [-42], positive: [21, 42] });
  expect(chart).toContain("threshold ε = 0.1<");
  expect(chart).toContain("value −0.2, advantage −0.1, forced");
});

test("a value that jumps and comes back is marked, one that changes for good is not", () => {
  // At 4 frames a second the neighbours are 3 frames away.
  const calm = Array<number>(6).fill(-0.6);
  const jump = [...calm, -0.2, -0.2, ...calm];
  expect(spans(excursions({ values: jump, fps: 4 }))).toEqual([[6, 8]]);
  expect(spans(excursions({ values: jump.map((value) => -1 - value), fps: 4 }))).toEqual([[6, 8]]);
  expect(excursions({ values: [...calm, ...calm.map(() => -0.1)], fps: 4 })).not.toContain(true);
  const trace: Trace = {
    kind: "failure",
    episode: 0,
    fps: 4,
    instruction: "go",
    threshold: 0,
    values: jump,
    advantages: jump.map(() => 0),
    positive: jump.map(() => false),
    intervention: jump.map(() => false),
    pictures: [],
  };
  expect(traceCharts([trace])[0]!.markup).toContain('class="doubt"');
  expect(traceKey([trace]).markup).toContain("the value jumps and comes back");
  expect(traceKey([{ ...trace, values: calm }]).markup).not.toContain("jumps");
});
