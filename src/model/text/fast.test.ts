import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { random } from "../../system/index.ts";
import { dct, inverseDct } from "./dct.ts";
import { fastTokenizer, fitFast, loadFast, quantise, saveFast } from "./fast.ts";

const golden = JSON.parse(readFileSync(new URL("../../../test/golden/fast/numbers.json", import.meta.url), "utf8")) as {
  chunks: { steps: number; scale: number; chunk: number[]; coefficients: number[]; quantised: number[] }[];
};

/** Smooth motions, as robots make: [16, 3]. */
const [horizon, size] = [16, 3];
function motions(count: number, seed: number): Float32Array[] {
  const r = random(seed);
  return Array.from({ length: count }, () => {
    const [a, b, c] = [r.normal(), r.normal(), r.normal()];
    return Float32Array.from({ length: horizon * size }, (_, i) => {
      const time = Math.floor(i / size) / horizon;
      return 0.3 * [a, b, c][i % size]! * time + 0.2 * Math.sin(3 * time * (a! + (i % size)));
    });
  });
}
const fitted = fitFast(motions(200, 0), { horizon, vocabulary: 300 });

test("coefficients equal those of numpy's FFT, halves rounded to even", () => {
  for (const { steps, scale, chunk, coefficients, quantised } of golden.chunks) {
    for (const [at, value] of dct(chunk, steps).entries()) expect(value).toBeCloseTo(coefficients[at]!, 10);
    expect([...quantise(chunk, steps, scale)]).toEqual(quantised);
  }
  expect(golden.chunks[1]!.quantised[0]).toBe(2); // 2.5
});

test("the inverse transform gives the chunk back", () => {
  const number = fc.double({ min: -5, max: 5, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 4 }), fc.array(number), (h, d, some) => {
      const chunk = Float64Array.from({ length: h * d }, (_, i) => some[i % Math.max(1, some.length)] ?? i);
      for (const [at, value] of inverseDct(dct(chunk, h), h).entries()) expect(value).toBeCloseTo(chunk[at]!, 9);
    }),
  );
});

test("chunks that were not fitted come back with the same coefficients, in far fewer tokens", () => {
  let tokens = 0;
  const held = motions(50, 1);
  for (const chunk of held) {
    const ids = fitted.encode(chunk, horizon);
    tokens += ids.length;
    const decoded = fitted.decode(ids, horizon, size);
    expect(quantise(decoded, horizon, 10)).toEqual(quantise(chunk, horizon, 10));
  }
  expect(tokens / held.length).toBeLessThan((horizon * size) / 2);
});

test("any chunk within the fitted range keeps its coefficients, any other is clamped to it", () => {
  const { min_token: low } = fitted.files.processor;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: low, max: 0 }), { minLength: horizon * size, maxLength: horizon * size }),
      (coefficients) => {
        const chunk = inverseDct(
          coefficients.map((c) => c / 10),
          horizon,
        );
        const decoded = fitted.decode(fitted.encode(chunk, horizon), horizon, size);
        expect([...quantise(decoded, horizon, 10)].map((c) => c + 0)).toEqual(coefficients.map((c) => c + 0));
      },
    ),
  );
  const wild = new Float32Array(horizon * size).fill(-1000);
  const decoded = fitted.decode(fitted.encode(wild, horizon), horizon, size);
  expect(Math.min(...quantise(decoded, horizon, 10))).toBe(low);
});

test("what does not spell a chunk decodes to zeros", () => {
  const ids = fitted.encode(motions(1, 2)[0]!, horizon);
  const zeros = new Float32Array(horizon * size);
  expect(fitted.decode(ids.slice(1), horizon, size)).toEqual(zeros);
  expect(fitted.decode([...ids, 0], horizon, size)).toEqual(zeros);
  expect(fitted.decode([...ids.slice(0, -1), fitted.vocabulary], horizon, size)).toEqual(zeros);
  expect(fitted.decode([], horizon, size)).toEqual(zeros);
});

test("characters take half of the vocabulary at most", () => {
  const wide = motions(20, 3).map((chunk, i) => chunk.map((x) => (i === 0 ? 100 * x : x)));
  const narrow = fitFast(wide, { horizon, vocabulary: 64 });
  expect(narrow.vocabulary).toBeLessThanOrEqual(64);
  expect(narrow.decode(narrow.encode(wide[1]!, horizon), horizon, size)).not.toEqual(new Float32Array(horizon * size));
  expect(() => fitFast([], { horizon })).toThrow("at least one chunk");
});

test("saved and loaded it encodes the same", () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-fast-"));
  saveFast(folder, fitted);
  const loaded = loadFast(folder);
  for (const chunk of motions(5, 4)) expect(loaded.encode(chunk, horizon)).toEqual(fitted.encode(chunk, horizon));
  rmSync(folder, { recursive: true });
});

test("the published tokenizer's layout, characters as bytes, is read too", () => {
  // zero (character 354) is two bytes, Å¢ in the byte alphabet; one merge joins them
  const bytes = ["Å", "¢", "£"];
  const published = fastTokenizer({
    tokenizer: {
      version: "1.0",
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: "BPE",
        unk_token: null,
        vocab: Object.fromEntries([...bytes, "Å¢"].map((token, id) => [token, id])),
        merges: [["Å", "¢"]],
      },
    },
    processor: { scale: 10, min_token: -354, vocab_size: 4 },
  });
  expect(published.encode([0, 0, 0.1], 1)).toEqual([3, 3, 0, 2]);
  expect([...published.decode([3, 3, 0, 2], 1, 3)]).toEqual([0, 0, Math.fround(0.1)]);
  expect([...published.decode([3, 3, 0, 0, 2], 1, 3)]).toEqual([0, 0, 0]); // half a character
});
