import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digitise, fillPrompt, promptTemplate, promptText, promptTokens, tokenisePrompts } from "./prompt.ts";
import { fitTokenizer, textTokenizer } from "./tokenizer.ts";

const golden = JSON.parse(readFileSync(new URL("../../../test/golden/fast/numbers.json", import.meta.url), "utf8")) as {
  states: number[];
  bins: number[];
};
const texts = ["put the red cube into the bowl\nAdvantage: positive\n", "stack the cubes\nAdvantage: negative\n"];
const tokenizer = fitTokenizer(texts, 512);

test("states are digitised as numpy does", () => {
  expect([...digitise(golden.states)]).toEqual(golden.bins);
});

test("π0.5's published prompt, and the advantage last before the actions", () => {
  const [task, state] = ["pick_up the\nbottle ", [-1, 0, 0.999]];
  expect(promptText({ task, state })).toBe("Task: pick up the bottle, State: 0 128 255;\nAction: ");
  expect(promptText({ task, state, subtask: "reach", advantageIndicator: "positive" })).toBe(
    "Task: pick up the bottle, State: 0 128 255;\nSubtask: reach\nAdvantage: positive\nAction: ",
  );
  expect(promptText({ task: "stack", advantageIndicator: "negative" })).toBe("stack\nAdvantage: negative\n");
  expect(promptText({ task: "stack", subtask: "grasp" })).toBe("stack\nSubtask: grasp\n");
});

test("a template, filled, is the prompt, whatever is in the instruction", () => {
  expect(promptTemplate("token", "positive")).toBe("{task}\nAdvantage: positive\n");
  expect(promptTemplate("text")).toBe("Task: {task}, State: {state};\nAction: ");
  const state = [-1, 0, 0.999];
  for (const task of ["pick_up the\nbottle ", "$& {state} {task}"])
    for (const advantageIndicator of ["positive", undefined] as const) {
      const said = advantageIndicator && { advantageIndicator };
      const filled = (kind: "text" | "token") => fillPrompt(promptTemplate(kind, advantageIndicator), task, state);
      expect(filled("text")).toBe(promptText({ task, state, ...said }));
      expect(filled("token")).toBe(promptText({ task, ...said }));
    }
});

test("a subtask's tokens are told apart: they can be learned, and from them on tokens look only backwards", () => {
  const task = "Subtask: no";
  const text = promptText({ task, state: [0], subtask: "grasp\nit", advantageIndicator: "positive" });
  const room = 96;
  const found = tokenisePrompts(tokenizer, [text, promptText({ task })], room);
  const chosen = (mask: Uint8Array, row: number) =>
    tokenizer.decode([...found.prompt].filter((_, i) => Math.floor(i / room) === row && mask[i] === 1));
  expect(chosen(found.promptMask, 0)).toBe(text);
  expect(chosen(found.promptLearned, 0)).toBe(" grasp it\n");
  expect(chosen(found.promptCausal, 0)).toBe(" grasp it\nAdvantage: positive\nAction: ");
  expect(chosen(found.promptMask, 1)).toBe("Subtask: no\n");
  expect(chosen(found.promptCausal, 1)).toBe("");
  expect(chosen(found.promptLearned, 1)).toBe("");
  expect(promptTokens(tokenizer, text)).toEqual([...found.prompt].slice(0, found.promptMask.indexOf(0)));
});

test("known words are one token each, and any text comes back", () => {
  expect(promptTokens(tokenizer, texts[0]!)).toHaveLength(13);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }),
  );
});

test("a fitted tokenizer is a tokenizer.json", () => {
  const again = textTokenizer(JSON.parse(JSON.stringify(tokenizer.file)) as object);
  expect(again.encode(texts[1]!)).toEqual(tokenizer.encode(texts[1]!));
  expect([again.pad, again.end, again.begin, again.vocabulary]).toEqual([0, 1, 2, tokenizer.vocabulary]);
  expect(() =>
    textTokenizer({ ...tokenizer.file, added_tokens: [], model: { type: "BPE", vocab: {}, merges: [] } }),
  ).toThrow("no <pad>");
});

test("prompts fill rows up to the room, and say when there is too little", () => {
  const { prompt, promptMask } = tokenisePrompts(tokenizer, ["stack", "stack the cubes"], 6);
  expect([...promptMask]).toEqual([1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0]);
  expect(tokenizer.decode([...prompt.slice(6)])).toBe("stack the cubes");
  expect(() => tokenisePrompts(tokenizer, texts, 4)).toThrow("at most 4 tokens, got 13");
});
