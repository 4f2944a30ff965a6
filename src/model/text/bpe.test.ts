import { expect, test } from "vitest";
import { trainBpe } from "./bpe.ts";

const options = { alphabet: ["a", "b", "c", "d"], vocabulary: 100, minFrequency: 2 };

test("by hand: the textbook's aaabdaaabac", () => {
  const { tokens, merges } = trainBpe([{ symbols: [..."aaabdaaabac"], count: 1 }], options);
  // aa occurs 4 times (overlaps count), then ab of "aa ab" twice, then aaab twice; what remains occurs once.
  expect(merges).toEqual([
    ["a", "a"],
    ["a", "b"],
    ["aa", "ab"],
  ]);
  expect(tokens).toEqual(["a", "b", "c", "d", "aa", "ab", "aaab"]);
});

test("counts weigh texts, pairs do not cross them, and the vocabulary is a limit", () => {
  const texts = [
    { symbols: ["a", "b"], count: 3 },
    { symbols: ["c", "d"], count: 5 },
    { symbols: ["b", "c"], count: 1 },
  ];
  expect(trainBpe(texts, options).merges).toEqual([
    ["c", "d"],
    ["a", "b"],
  ]);
  expect(trainBpe(texts, { ...options, vocabulary: 5 }).tokens).toEqual(["a", "b", "c", "d", "cd"]);
  expect(() => trainBpe([{ symbols: ["z"], count: 1 }], options)).toThrow('got "z"');
});
