import { expect, test } from "vitest";
import { random } from "../system/random.ts";
import { countParameters, fanIn, fill, matches, normal, scope } from "./parameters.ts";

function model() {
  const root = scope();
  const vision = root.at("vision").at("layers").at(0);
  vision.parameter("weight", [4, 3], fanIn);
  vision.parameter("bias", [4], fill(0.5));
  root.at("head").parameter("weight", [2, 4], normal(2));
  return root;
}

test("names join by dots and a name is taken once", () => {
  const root = model();
  expect(root.parameters.map(({ node }) => node.name)).toEqual([
    "vision.layers.0.weight",
    "vision.layers.0.bias",
    "head.weight",
  ]);
  expect(countParameters(root.parameters)).toBe(12 + 4 + 8);
  expect(() => root.at("head").parameter("weight", [1], fill(0))).toThrow('Parameter "head.weight" is declared twice');
});

test("each parameter draws from its own stream", () => {
  const all = model().initialize(random(1));
  const alone = scope();
  alone.at("head").parameter("weight", [2, 4], normal(2));
  expect(alone.initialize(random(1)).get("head.weight")).toEqual(all.get("head.weight"));
  expect(model().initialize(random(2)).get("head.weight")).not.toEqual(all.get("head.weight"));
  expect([...all.get("vision.layers.0.bias")!.data]).toEqual([0.5, 0.5, 0.5, 0.5]);
  for (const x of all.get("vision.layers.0.weight")!.data) expect(Math.abs(Number(x))).toBeLessThan(1 / Math.sqrt(3));
});

test("half-precision parameters hold the bits of the rounded numbers", () => {
  const root = scope();
  root.parameter("x", [1], fill(1.5), "f16");
  expect(root.initialize(random(0)).get("x")!.data).toEqual(Uint16Array.of(0x3e00));
});

test("patterns match whole names", () => {
  expect(matches("vision.layers.0.bias", ["*.bias"])).toBe(true);
  expect(matches("vision.layers.0.bias", ["vision"])).toBe(false);
  expect(matches("visionXbias", ["vision.bias"])).toBe(false);
});
