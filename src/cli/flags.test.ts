import { Command } from "commander";
import { expect, test } from "vitest";
import * as z from "zod";
import { addFlags, fromFlags } from "./flags.ts";

const schema = z.object({
  out: z.string().describe("folder"),
  learningRate: z.number().gt(0).default(0.001).describe("step size"),
  layers: z.array(z.int()).default([1]).describe("sizes"),
  tasks: z.array(z.string()).default(["a"]),
  controls: z.array(z.string()).default([]).describe("beside"),
  mode: z.enum(["fast", "slow"]).default("fast"),
  shuffle: z.boolean().default(true),
  quiet: z.boolean().default(false),
  limit: z.int().optional(),
});

function parse(...parameters: string[]) {
  const command = addFlags(new Command().exitOverride().configureOutput({ writeErr: () => {} }), schema);
  return fromFlags(schema, command.parse(parameters, { from: "user" }).opts());
}

test("flags are the schema's fields, with its types and defaults", () => {
  expect(parse("--out", "x")).toEqual({
    out: "x",
    learningRate: 0.001,
    layers: [1],
    tasks: ["a"],
    controls: [],
    mode: "fast",
    shuffle: true,
    quiet: false,
  });
  const all = "--out x --learning-rate 0.5 --layers 2 3 --tasks b c --mode slow --no-shuffle --quiet --limit 4";
  expect(parse(...all.split(" "))).toEqual({
    out: "x",
    learningRate: 0.5,
    layers: [2, 3],
    tasks: ["b", "c"],
    controls: [],
    mode: "slow",
    shuffle: false,
    quiet: true,
    limit: 4,
  });
});

test("what is wrong is said by flag", () => {
  expect(() => parse()).toThrow("--out <text>");
  expect(() => parse("--out", "x", "--learning-rate", "-1", "--mode", "odd")).toThrow(
    '--learning-rate: expected a number above 0, got -1\n--mode: expected "fast" or "slow", got odd',
  );
  expect(() => parse("--out", "x", "--limit", "many")).toThrow("--limit: expected a number, got many");
  expect(() => parse("--out", "x", "--limit", "")).toThrow("--limit: expected a number, got ");
  expect(() => parse("--out", "x", "--layers", "1", "two")).toThrow("--layers[1]: expected a number, got two");
  expect(() => parse("--out", "x", "--limit", "1.5")).toThrow(expect.objectContaining({ code: "bad-option" }));
});

test("a list that is empty by default is empty again when nothing follows its flag", () => {
  expect(parse("--out", "x", "--controls", "awr", "filtered").controls).toEqual(["awr", "filtered"]);
  expect(fromFlags(schema, { out: "x", controls: true }).controls).toEqual([]);
  expect(parse("--out", "x", "--controls").controls).toEqual([]);
  expect(() => parse("--out", "x", "--tasks")).toThrow();
});
