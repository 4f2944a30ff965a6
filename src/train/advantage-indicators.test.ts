import { expect, test } from "vitest";
import { random } from "../system/index.ts";
import { advantageIndicatorsOf, trainingConditions } from "./advantage-indicators.ts";

const batch = {
  advantageIndicator: Int8Array.of(1, 0, -1, 1),
  subtasks: ["reach", undefined, "grasp", "lift"],
};

test("1 is positive, 0 negative, and a frame without a label says nothing", () => {
  expect(advantageIndicatorsOf(batch, "labels")).toEqual(["positive", "negative", undefined, "positive"]);
  expect(advantageIndicatorsOf(batch, "positive")).toEqual(["positive", "positive", "positive", "positive"]);
  expect(advantageIndicatorsOf(batch, "none")).toEqual([undefined, undefined, undefined, undefined]);
});

test("by hand: what is drawn below the dropout is left out, indicator and subtask each by its own draw", () => {
  // Four draws for the indicators, then one for each sample that has a subtask.
  const draws = [0.29, 0.3, 0.9, 0.1, 0.5, 0, 0.3];
  const drawn = { ...random(0), uniform: () => draws.shift()! };
  const found = trainingConditions(batch, { advantageIndicator: "labels", dropout: 0.3 }, drawn);
  expect(found).toEqual([
    { advantageIndicator: undefined, subtask: "reach" },
    { advantageIndicator: "negative", subtask: undefined },
    { advantageIndicator: undefined, subtask: undefined },
    { advantageIndicator: undefined, subtask: "lift" },
  ]);
  expect(draws).toEqual([]);
});

test("the way a sample was drawn may decide whether its indicator is said", () => {
  const says = [false, true, true, true];
  const found = trainingConditions(batch, { advantageIndicator: "labels", dropout: 1 }, random(0), says);
  expect(found.map(({ advantageIndicator }) => advantageIndicator)).toEqual([
    undefined,
    "negative",
    undefined,
    "positive",
  ]);
});

test.each([0, 0.3, 1])("a dropout of %d leaves out that share, of positive and of negative ones alike", (dropout) => {
  const many = 20_000;
  const large = {
    advantageIndicator: Int8Array.from({ length: many }, (_, at) => at % 2),
    subtasks: new Array<undefined>(many),
  };
  const found = trainingConditions(large, { advantageIndicator: "labels", dropout }, random(3));
  const share = (word: string) =>
    found.filter(({ advantageIndicator }) => advantageIndicator === word).length / (many / 2);
  expect(share("positive")).toBeCloseTo(1 - dropout, 1.5);
  expect(share("negative")).toBeCloseTo(1 - dropout, 1.5);
});
