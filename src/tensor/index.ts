// The training engine: expressions over ONNX operators, gradients, optimisers, programs.

export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToFloat16,
  type Random,
  random,
} from "../system/index.ts";
export { type Device, devices, type SessionOptions, whyUnavailable } from "./device.ts";
export { exportOnnx, type OnnxExportOptions } from "./export.ts";
export { constant, describe, input, type Node, state, type Tensor, topological } from "./expression.ts";
export { type GradientOptions, gradient } from "./gradient.ts";
export * as nn from "./nn.ts";
export { type OnnxFile, onnxBytes, openOnnx } from "./onnx-file.ts";
export { add, div, maximum, minimum, mul, neg, sub } from "./ops/arithmetic.ts";
export { attention } from "./ops/attention.ts";
export { expand, type ReduceOptions, stopGradient, sum } from "./ops/broadcast.ts";
export {
  cast,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  where,
} from "./ops/compare.ts";
export { type ConvOptions, conv2d } from "./ops/conv2d.ts";
export { clamp, cos, erf, exp, gelu, log, pow, relu, sigmoid, silu, sin, sqrt, tanh } from "./ops/elementwise.ts";
export { gather, oneHot, takeAlongAxis } from "./ops/indexing.ts";
export { crossEntropy, crossEntropyEach, weightedMean } from "./ops/loss.ts";
export { linear, type MatmulOptions, matmul } from "./ops/matmul.ts";
export { layerNorm, rmsNorm } from "./ops/normalization.ts";
export { full, type Operand } from "./ops/operand.ts";
export { argmax, max, mean } from "./ops/reduce.ts";
export { rotary, rotaryAngles } from "./ops/rotary.ts";
export { concat, pad, reshape, slice, split, transpose } from "./ops/shape.ts";
export { logSoftmax, softmax } from "./ops/softmax.ts";
export {
  type AdamWOptions,
  type AdamWStep,
  adamW,
  ema,
  emaInitial,
  emaName,
  type Step,
} from "./optimizer.ts";
export {
  countParameters,
  fanIn,
  fill,
  type Initializer,
  matches,
  normal,
  type Scope,
  scope,
  uniform,
} from "./parameters.ts";
export { type CompileOptions, compile, type Feed, type Graph, type Program, type Update } from "./program.ts";
export { openSafetensors, readSafetensors, type SafetensorsFile, writeSafetensors } from "./safetensors.ts";
export { type ScheduleOptions, warmupCosine } from "./schedule.ts";
export { createStore, type Store } from "./store.ts";
export {
  type DType,
  elements,
  formatType,
  type Shape,
  type TensorData,
  type TensorType,
  type TensorValue,
  value,
} from "./types.ts";
