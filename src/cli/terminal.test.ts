import { expect, test } from "vitest";
import { warningWord, wrap } from "./terminal.ts";

const note = "cube/1/value: on held-out episodes off by 0.178 (the mean return by time: 0.2\u00a0s, of 63 and 40)";

test.each([40, 80, 100])("text is wrapped at %d columns between words; nothing is lost or cut", (width) => {
  const lines = wrap(note, width, "    ").split("\n");
  expect(lines.map((line) => line.trim()).join(" ")).toBe(note);
  for (const [at, line] of lines.entries()) expect(line.length + (at === 0 ? 4 : 0)).toBeLessThanOrEqual(width);
  expect(lines.some((line) => line.includes("0.2\u00a0s"))).toBe(true);
});

test("a word longer than the line stays whole", () => {
  expect(wrap("see https://example.org/a/long/address now", 10)).toBe("see\nhttps://example.org/a/long/address\nnow");
});

test("warnings have a colour on a terminal only", () => {
  expect(warningWord({ isTTY: false })).toBe("warning");
  expect(warningWord({ isTTY: true })).toMatch(/warning/);
});
