// Errors of expressions come at building: the operator, its inputs, and the misfit.
import { expect, test } from "vitest";
import { input } from "../expression.ts";
import { add, div, maximum, mul, neg, sub } from "./arithmetic.ts";
import { attention } from "./attention.ts";
import { expand, sum } from "./broadcast.ts";
import { equal, greater, less, logicalAnd, logicalNot, where } from "./compare.ts";
import { conv2d } from "./conv2d.ts";
import { clamp, exp, gelu, log, pow } from "./elementwise.ts";
import { gather, oneHot, takeAlongAxis } from "./indexing.ts";
import { crossEntropy, weightedMean } from "./loss.ts";
import { linear, matmul } from "./matmul.ts";
import { layerNorm, rmsNorm } from "./normalization.ts";
import { full } from "./operand.ts";
import { argmax, max, mean } from "./reduce.ts";
import { rotary, rotaryAngles } from "./rotary.ts";
import { concat, pad, reshape, slice, split, transpose } from "./shape.ts";
import { logSoftmax, softmax } from "./softmax.ts";

const f = (...shape: number[]) => input("f", shape);
const half = (...shape: number[]) => input("half", shape, "f16");
const i = (...shape: number[]) => input("i", shape, "i32");
const u = (...shape: number[]) => input("u", shape, "u8");
const b = (...shape: number[]) => input("b", shape, "bool");

const wrong: readonly (readonly [() => unknown, string])[] = [
  [() => add(f(2, 3), f(4)), "add: [2, 3] and [4] do not broadcast: sizes 3 and 4 meet 1 from the end"],
  [() => sub(f(2, 3), f(4, 3)), "sub: [2, 3] and [4, 3] do not broadcast: sizes 2 and 4 meet 2 from the end"],
  [() => mul(f(2), i(2)), "mul: expected one dtype, got f32 [2] and i32 [2]; cast one of them"],
  [() => div(b(2), b(2)), "div: expected f32 or f16 or i64 or i32 or u8, got bool [2]; cast it"],
  [() => add(1, 2), "add: expected a tensor, got the numbers 1 and 2"],
  [() => mul(i(2), 0.5), "Expected a whole number from -2147483648 to 2147483647 for i32, got 0.5; cast to f32"],
  [() => add(u(2), -1), "Expected a whole number from 0 to 255 for u8, got -1"],
  [() => full(1.5, [100], "i64"), "Expected a whole number"],
  [() => pow(u(2), u(2)), "pow: expected f32 or f16 or i64 or i32, got u8 [2]; cast it"],
  [() => maximum(f(2), half(2)), "maximum: expected one dtype, got f32 [2] and f16 [2]"],
  [() => equal(f(2), f(3)), "equal: [2] and [3] do not broadcast"],
  [() => less(b(2), b(2)), "less: expected f32 or f16 or i64 or i32 or u8, got bool [2]; cast it"],
  [() => greater(f(2), i(2)), "greater: expected one dtype, got f32 [2] and i32 [2]"],
  [() => logicalAnd(b(2), f(2)), "logicalAnd: expected bool, got f32 [2]; cast it"],
  [() => logicalNot(i(2)), "logicalNot: expected bool, got i32 [2]"],
  [() => where(f(2), f(2), f(2)), "where: expected bool, got f32 [2]"],
  [() => where(b(2), f(3), f(4)), "where: [2] and [3] and [4] do not broadcast: sizes 2 and 3 meet 1 from the end"],
  [() => where(b(2), b(2), b(2)), "where: expected f32 or f16 or i64 or i32 or u8, got bool [2]"],
  [() => exp(i(2)), "exp: expected f32 or f16, got i32 [2]; cast it"],
  [() => log(b(2)), "log: expected f32 or f16, got bool [2]; cast it"],
  [() => neg(u(2)), "neg: expected f32 or f16 or i64 or i32, got u8 [2]; cast it"],
  [() => gelu(u(2)), "gelu: expected f32 or f16, got u8 [2]"],
  [() => clamp(f(2), 1, 0), "clamp: expected low ≤ high, got 1 and 0"],
  [() => clamp(b(2), 0, 1), "clamp: expected f32 or f16 or i64 or i32 or u8, got bool [2]"],
  [() => sum(b(2)), "sum: expected f32 or f16 or i64 or i32, got bool [2]; cast it"],
  [() => sum(f(2, 3), 2), "sum: expected an axis of [2, 3], from -2 to 1, got 2"],
  [() => sum(f(2, 3), [0, -2]), "sum: axes [0,-2] name one twice"],
  [() => mean(i(2)), "mean: expected f32 or f16, got i32 [2]"],
  [() => max(f(2), -2), "max: expected an axis of [2], from -1 to 0, got -2"],
  [() => argmax(f(2), 0.5), "argmax: expected an axis of [2], from -1 to 0, got 0.5"],
  [() => argmax(b(2)), "argmax: expected f32 or f16 or i64 or i32 or u8, got bool [2]"],
  [() => expand(f(2, 3), [2, 4]), "expand: [2, 3] and [2, 4] do not broadcast"],
  [() => expand(f(2, 3), [3]), "expand: [2, 3] does not stretch to [3]"],
  [() => softmax(f(2), 1), "softmax: expected an axis of [2], from -1 to 0, got 1"],
  [() => logSoftmax(i(2)), "logSoftmax: expected f32 or f16, got i32 [2]"],
  [() => matmul(f(2, 3), f(4, 5)), "matmul: f32 [2, 3] and f32 [4, 5] do not multiply: inner sizes are 3 and 4"],
  [
    () => matmul(f(2, 3), f(3, 2), { transposeB: true }),
    "matmul: f32 [2, 3] and f32 [3, 2]ᵀ do not multiply: inner sizes are 3 and 2",
  ],
  [() => matmul(f(3), f(3, 2)), "matmul: expected at least two axes, got f32 [3] and f32 [3, 2]"],
  [() => matmul(f(2, 2, 3), f(3, 3, 2)), "matmul: [2] and [3] do not broadcast"],
  [() => matmul(f(2, 3), half(3, 2)), "matmul: f32 [2, 3] and f16 [3, 2] do not multiply"],
  [
    () => linear(f(2, 3), f(4, 2)),
    "linear: expected x [..., in], weight [out, in], bias [out] of one dtype, got f32 [2, 3], f32 [4, 2]",
  ],
  [() => linear(f(2, 3), f(4, 3), f(3)), "got f32 [2, 3], f32 [4, 3], f32 [3]"],
  [() => layerNorm(f(2, 3), f(3), f(2)), "layerNorm: expected parameters [3] for f32 [2, 3], got f32 [2]"],
  [() => rmsNorm(f(2, 3), half(3)), "rmsNorm: expected parameters [3] for f32 [2, 3], got f16 [3]"],
  [() => reshape(f(2, 3), [4, 2]), "reshape: [2, 3] has 6 elements, [4, 2] does not"],
  [() => reshape(f(2, 3), [-1, 4]), "reshape: [2, 3] has 6 elements, [-1, 4] does not"],
  [() => transpose(f(2, 3), [0, 0]), "transpose: expected every axis of [2, 3] once, got [0, 0]"],
  [() => transpose(f(2, 3), [0]), "transpose: expected every axis of [2, 3] once, got [0]"],
  [() => concat([f(2, 3), f(2, 4)], 0), "concat: f32 [2, 3] and f32 [2, 4] differ in more than axis 0"],
  [() => concat([f(2), i(2)], 0), "concat: f32 [2] and i32 [2] differ in more than axis 0"],
  [() => concat([], 0), "concat: expected at least one tensor"],
  [() => slice(f(2, 3), 1, 2, 4), "slice: expected 0 ≤ start ≤ end ≤ 3 on axis 1 of [2, 3], got 2 to 4"],
  [() => split(f(2, 3), 1, [1, 1]), "split: expected sizes that add up to 3, axis 1 of [2, 3], got [1, 1]"],
  [() => pad(f(2, 3), [[1, 1]]), "pad: expected [before, after] ≥ 0 for each axis of [2, 3], got [[1,1]]"],
  [() => pad(f(2), [[-1, 1]]), "pad: expected [before, after] ≥ 0 for each axis of [2], got [[-1,1]]"],
  [() => gather(f(2, 3), f(2)), "gather: expected i32 or i64, got f32 [2]"],
  [() => gather(f(2, 3), i(2), 2), "gather: expected an axis of [2, 3], from -2 to 1, got 2"],
  [() => takeAlongAxis(f(2, 3), i(3, 1), 1), "takeAlongAxis: i32 [3, 1] and f32 [2, 3] differ in more than axis 1"],
  [() => oneHot(f(2), 3), "oneHot: expected i32 or i64, got f32 [2]"],
  [() => conv2d(f(1, 2, 4, 4), f(1, 3, 2, 2)), "got f32 [1, 2, 4, 4] and f32 [1, 3, 2, 2]"],
  [() => conv2d(f(1, 1, 2, 2), f(1, 1, 3, 3)), "conv2d: a window of f32 [1, 1, 3, 3] does not fit in f32 [1, 1, 2, 2]"],
  [() => conv2d(f(1, 1, 2, 2), f(2, 1, 1, 1), f(1)), "conv2d: expected bias [2], got f32 [1]"],
  [() => conv2d(f(1, 1, 2, 2), f(1, 1, 1, 1), undefined, { stride: 0 }), "conv2d: expected integers stride ≥ 1"],
  [() => rotaryAngles(i(2), 4), "rotaryAngles: expected positions [B, T] and an even head size, got i32 [2] and 4"],
  [() => rotary(f(2, 1, 3, 4), f(3, 3, 2), f(3, 3, 2)), "got f32 [2, 1, 3, 4], f32 [3, 3, 2] and f32 [3, 3, 2]"],
  [() => attention(f(1, 3, 2, 4), f(1, 2, 2, 4), f(1, 2, 2, 4)), "attention: expected q [B, H, T, D]"],
  [() => attention(f(1, 1, 2, 4), f(1, 1, 3, 4), f(1, 1, 3, 4), b(3, 2)), "bool mask [1 or 1, 2, 3], got bool [3, 2]"],
  [
    () => crossEntropy(f(2, 3), i(3)),
    "crossEntropy: expected integer targets [2] or probabilities [2, 3] for f32 [2, 3], got i32 [3]",
  ],
  [() => crossEntropy(f(2, 3), f(2)), "got f32 [2]"],
  [() => weightedMean(f(2), f(3)), "mul: [2] and [3] do not broadcast"],
  [() => weightedMean(i(2), i(2)), "weightedMean: expected f32 or f16, got i32 [2]"],
  [() => input("x", [2, -1]), 'input "x": expected a shape of integers ≥ 0, got [2, -1]'],
];

test.each(wrong.map(([build, message]) => [message, build] as const))("%s", (message, build) => {
  expect(build).toThrow(message);
});
