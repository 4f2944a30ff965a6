import { expect, test } from "vitest";
import type { PolicyRequest } from "../robot/index.ts";
import type { ServablePolicy } from "../serve/index.ts";
import { toldInText } from "./told-in-text.ts";

const request = { images: {}, state: Float32Array.of(0), task: "fold" };

/** A server's policy: 10 with the word, 4 without, in `horizon` steps of one number. It notes what it was asked. */
function served(horizonWithout = 2) {
  const asked: { task: string; seed: PolicyRequest["seed"] }[] = [];
  const policy: ServablePolicy = {
    id: "ws://host:1",
    async reset() {},
    async infer({ task, seed }) {
      asked.push({ task, seed });
      const hasWord = task.includes("Advantage");
      const horizon = hasWord ? 2 : horizonWithout;
      return { actions: new Float32Array(horizon).fill(hasWord ? 10 : 4), horizon };
    },
    async close() {},
  };
  return { policy, asked };
}

test("the word stands behind the instruction, as in materialized datasets", async () => {
  const { policy, asked } = served();
  const told = toldInText(policy, { advantageIndicator: "positive" });
  expect([...(await told.infer(request)).actions]).toEqual([10, 10]);
  await toldInText(policy, { advantageIndicator: "negative" }).infer(request);
  expect(asked.map(({ task }) => task)).toEqual(["fold\nAdvantage: positive", "fold\nAdvantage: negative"]);
  expect(toldInText(policy, {})).toBe(policy);
});

test("guidance asks with and without the word, by the same seed, and leads from the one to the other", async () => {
  const { policy, asked } = served(3);
  const told = toldInText(policy, { advantageIndicator: "positive", guidance: 2 });
  await told.reset(7);
  const { actions, horizon } = await told.infer(request);
  expect([horizon, ...actions]).toEqual([2, 16, 16]); // 4 + 2 (10 − 4)
  await told.infer(request);
  expect(asked).toEqual([
    { task: "fold", seed: [7, 0] },
    { task: "fold\nAdvantage: positive", seed: [7, 0] },
    { task: "fold", seed: [7, 1] },
    { task: "fold\nAdvantage: positive", seed: [7, 1] },
  ]);
});

test("a server that takes several prompts is asked once", async () => {
  const { policy, asked } = served();
  const both: (readonly string[])[] = [];
  const batching: ServablePolicy = {
    ...policy,
    async inferPrompts(_, tasks) {
      both.push(tasks);
      return [4, 10].map((x) => ({ actions: Float32Array.of(x), horizon: 1 }));
    },
  };
  const told = toldInText(batching, { advantageIndicator: "positive", guidance: 1.5 });
  expect([...(await told.infer(request)).actions]).toEqual([13]);
  expect(both).toEqual([["fold", "fold\nAdvantage: positive"]]);
  expect(asked).toEqual([]);
});

test("guidance without a word is refused", () => {
  expect(() => toldInText(served().policy, { guidance: 2 })).toThrow(
    "ws://host:1: expected --advantage-indicator positive or negative with --guidance 2",
  );
});
