import { expect, test } from "vitest";
import { PythonFloat, pythonJson } from "./python-json.ts";

test("floats stay floats, integers integers, and every value has a text", () => {
  const value = {
    zero: new PythonFloat(0),
    small: new PythonFloat(1e-7),
    large: new PythonFloat(1e21),
    nan: new PythonFloat(Number.NaN),
    count: 3,
    half: 0.5,
    seed: 2n ** 63n - 1n,
    list: [[new PythonFloat(-2)], Float32Array.of(1.5)],
    text: 'a "b"\n',
    flag: true,
    none: null,
    absent: undefined,
  };
  expect(pythonJson(value)).toBe(
    '{"zero":0.0,"small":1e-7,"large":1e+21,"nan":NaN,"count":3,"half":0.5,"seed":9223372036854775807,"list":[[-2.0],[1.5]],"text":"a \\"b\\"\\n","flag":true,"none":null}',
  );
});
