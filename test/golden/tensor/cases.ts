// The golden cases of operators.json, and the call of each operator in TypeScript.
import { readdirSync, readFileSync } from "node:fs";
import { float16ToFloat32, float32ToFloat16 } from "../../../src/system/float16.ts";
import { input, type Tensor } from "../../../src/tensor/expression.ts";
import * as arithmetic from "../../../src/tensor/ops/arithmetic.ts";
import { attention } from "../../../src/tensor/ops/attention.ts";
import * as broadcast from "../../../src/tensor/ops/broadcast.ts";
import * as compare from "../../../src/tensor/ops/compare.ts";
import { conv2d } from "../../../src/tensor/ops/conv2d.ts";
import * as elementwise from "../../../src/tensor/ops/elementwise.ts";
import * as indexing from "../../../src/tensor/ops/indexing.ts";
import * as loss from "../../../src/tensor/ops/loss.ts";
import * as matrices from "../../../src/tensor/ops/matmul.ts";
import * as normalization from "../../../src/tensor/ops/normalization.ts";
import { full, type Operand } from "../../../src/tensor/ops/operand.ts";
import * as reduce from "../../../src/tensor/ops/reduce.ts";
import * as rotary from "../../../src/tensor/ops/rotary.ts";
import * as shape from "../../../src/tensor/ops/shape.ts";
import * as softmax from "../../../src/tensor/ops/softmax.ts";
import { type DType, holds, type TensorData, type TensorValue, value } from "../../../src/tensor/types.ts";

interface Numbers {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** The arguments of an operator that are not tensors; each case has those of its operator. */
interface Attributes {
  readonly left: number;
  readonly right: number;
  /** The one input serves as both operands. */
  readonly twice?: true;
  readonly axes?: number | readonly number[];
  readonly axis: number;
  readonly keep: boolean;
  readonly shape: readonly number[];
  readonly order?: readonly number[];
  readonly sizes: readonly number[];
  readonly start: number;
  readonly end?: number;
  readonly amounts: readonly (readonly [number, number])[];
  readonly fill: number;
  readonly depth: number;
  readonly low: number;
  readonly high: number;
  readonly form?: "erf" | "tanh";
  readonly epsilon?: number;
  readonly dtype: DType;
  readonly headSize: number;
  readonly base?: number;
}

export interface Case {
  readonly operator: string;
  readonly name: string;
  /** Whether finite differences apply: no kink near the inputs, and float32 precise enough. */
  readonly smooth: boolean;
  /** Error allowed beside the relative one. */
  readonly absolute: number;
  readonly attributes: Attributes;
  readonly inputs: readonly Numbers[];
  readonly outputs: readonly Numbers[];
  readonly upstream?: readonly Numbers[];
  readonly gradients?: readonly (Numbers | null)[];
}

export const cases = JSON.parse(readFileSync(new URL("operators.json", import.meta.url), "utf8")) as readonly Case[];

/** Numbers from the file in the array of their dtype. */
export function toValue({ dtype, shape: sizes, data }: Numbers): TensorValue {
  const arrays: Record<DType, () => TensorData> = {
    f32: () => Float32Array.from(data),
    f16: () => float32ToFloat16(Float32Array.from(data)),
    i64: () => BigInt64Array.from(data, BigInt),
    i32: () => Int32Array.from(data),
    bool: () => Uint8Array.from(data),
    u8: () => Uint8Array.from(data),
  };
  return value(arrays[dtype](), sizes, dtype);
}

/** What a program gave as plain numbers. */
export function toNumbers({ dtype, data }: TensorValue): number[] {
  return Array.from(dtype === "f16" && holds("f16", data) ? float16ToFloat32(data as Uint16Array) : data, Number);
}

type Call = (inputs: readonly Tensor[], attributes: Attributes) => Tensor | readonly Tensor[];
type Binary = (a: Operand, b: Operand) => Tensor;

const binary =
  (operator: Binary): Call =>
  ([a, b], { left, right, twice }) =>
    operator(left ?? a!, right ?? (left === undefined && !twice ? b! : a!));
const unary =
  (operator: (x: Tensor) => Tensor): Call =>
  ([x]) =>
    operator(x!);
const reduction =
  (operator: typeof broadcast.sum): Call =>
  ([x], { axes, keep }) =>
    operator(x!, axes, { keep });

const { neg, add, sub, mul, div, maximum, minimum } = arithmetic;
const { equal, notEqual, less, lessEqual, greater, greaterEqual, logicalAnd, logicalOr, logicalNot } = compare;
const { exp, log, pow, sqrt, sin, cos, tanh, sigmoid, relu, erf, silu } = elementwise;

/** Every operator, called as a case says. */
export const calls: Readonly<Record<string, Call>> = {
  ...mapped({ add, sub, mul, div, pow, maximum, minimum }, binary),
  ...mapped({ equal, notEqual, less, lessEqual, greater, greaterEqual }, binary),
  ...mapped({ neg, exp, log, sqrt, sin, cos, tanh, sigmoid, relu, erf, silu }, unary),
  ...mapped({ logicalNot, stopGradient: broadcast.stopGradient }, unary),
  ...mapped({ sum: broadcast.sum, mean: reduce.mean, max: reduce.max }, reduction),
  full: (_, { fill, shape: sizes, dtype }) => full(fill, sizes, dtype),
  gelu: ([x], { form }) => elementwise.gelu(x!, form),
  clamp: ([x], { low, high }) => elementwise.clamp(x!, low, high),
  logicalAnd: ([a, b]) => logicalAnd(a!, b!),
  logicalOr: ([a, b]) => logicalOr(a!, b!),
  where: ([condition, a, b], { right }) => compare.where(condition!, a!, b ?? right),
  cast: ([x], { dtype }) => compare.cast(x!, dtype),
  argmax: ([x], { axis }) => reduce.argmax(x!, axis),
  sumTo: ([x], { shape: sizes }) => broadcast.sumTo(x!, sizes),
  expand: ([x], { shape: sizes }) => broadcast.expand(x!, sizes),
  softmax: ([x], { axis }) => softmax.softmax(x!, axis),
  logSoftmax: ([x], { axis }) => softmax.logSoftmax(x!, axis),
  matmul: ([a, b], options) => matrices.matmul(a!, b ?? a!, options as matrices.MatmulOptions),
  linear: ([x, weight, bias]) => matrices.linear(x!, weight!, bias),
  layerNorm: ([x, weight, bias], { epsilon }) => normalization.layerNorm(x!, weight!, bias!, epsilon),
  rmsNorm: ([x, weight], { epsilon }) => normalization.rmsNorm(x!, weight!, epsilon),
  reshape: ([x], { shape: sizes }) => shape.reshape(x!, sizes),
  transpose: ([x], { order }) => shape.transpose(x!, order),
  concat: (inputs, { axis, twice }) => shape.concat(twice ? [inputs[0]!, inputs[0]!] : inputs, axis),
  slice: ([x], { axis, start, end }) => shape.slice(x!, axis, start, end),
  split: ([x], { axis, sizes }) => shape.split(x!, axis, sizes),
  pad: ([x], { amounts, fill }) => shape.pad(x!, amounts, fill),
  gather: ([table, indices], { axis }) => indexing.gather(table!, indices!, axis),
  takeAlongAxis: ([x, indices], { axis }) => indexing.takeAlongAxis(x!, indices!, axis),
  oneHot: ([indices], { depth, dtype }) => indexing.oneHot(indices!, depth, dtype),
  attention: ([q, k, v, mask]) => attention(q!, k!, v!, mask),
  conv2d: ([x, weight, bias], options) => conv2d(x!, weight!, bias, options as Parameters<typeof conv2d>[3]),
  rotaryAngles: ([positions], { headSize, base }) => rotary.rotaryAngles(positions!, headSize, base),
  rotary: ([x, cosines, sines]) => rotary.rotary(x!, cosines!, sines!),
  crossEntropy: ([logits, target, weights]) => loss.crossEntropy(logits!, target!, weights),
  crossEntropyEach: ([logits, target]) => loss.crossEntropyEach(logits!, target!),
  weightedMean: ([x, weights]) => loss.weightedMean(x!, weights!),
};

function mapped<F>(operators: Readonly<Record<string, F>>, call: (operator: F) => Call): Record<string, Call> {
  return Object.fromEntries(Object.entries(operators).map(([name, operator]) => [name, call(operator)]));
}

/** Helpers of the operators in src/tensor/ops/. */
const helpers = /^(operands|binary|reduction|reduced|kept|broadcastShapes|resolveAx[ei]s|expect[A-Z].*)$/;

/** Every operator that src/tensor/ops/ exports. */
export async function exportedOperators(): Promise<string[]> {
  const folder = new URL("../../../src/tensor/ops/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
  const exported = modules.flatMap((module: Readonly<Record<string, unknown>>) =>
    Object.keys(module).filter((name) => typeof module[name] === "function"),
  );
  return exported.filter((name) => !helpers.test(name)).sort();
}

/** A case as expressions: leaves named by the case, the operator's outputs, and numbers for the leaves. */
export function build({ operator, name, inputs, attributes }: Case) {
  const leaves = inputs.map(({ dtype, shape: sizes }, i) => input(`${operator} ${name} ${i}`, sizes, dtype));
  const outputs = [calls[operator]!(leaves, attributes)].flat();
  const feeds = Object.fromEntries(leaves.map((leaf, i) => [leaf.node.name!, toValue(inputs[i]!)]));
  return { leaves, outputs, feeds };
}
