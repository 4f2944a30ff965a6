// Optimisers as expressions: from gradients to the next parameters and optimiser states. Every step has `updates` for
// `compile` and `initial` values for the store.

import { state, type Tensor } from "./expression.ts";
import { filled } from "./fill.ts";
import { add, div, minimum, mul, sub } from "./ops/arithmetic.ts";
import { sum } from "./ops/broadcast.ts";
import { sqrt, tanh } from "./ops/elementwise.ts";
import type { Operand } from "./ops/operand.ts";
import { matches } from "./parameters.ts";
import type { Update } from "./program.ts";
import { formatType, sameShape, type TensorValue } from "./types.ts";

/** An optimiser's step, for `compile` and the store. */
export interface Step {
  readonly updates: readonly Update[];
  /** First values of the step's own states. */
  readonly initial: ReadonlyMap<string, TensorValue>;
}

/** Options of `adamW`. Defaults: β₁ 0.9, β₂ 0.999, ε 1e-8, decay 0.01. */
export interface AdamWOptions {
  /** A number, or a scalar input for a schedule. */
  readonly learningRate: Operand;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** Name patterns of parameters without decay; `*` stands for any characters. Default: none. */
  readonly undecayed?: readonly string[];
  /** Global norm to which larger gradients are scaled down. Default: no clipping. */
  readonly maxNorm?: number;
}

/** AdamW's step and the global norm of the gradients before clipping. */
export interface AdamWStep extends Step {
  readonly gradientNorm: Tensor;
}

/**
 * AdamW (Loshchilov & Hutter 2019, algorithm 2): decay is decoupled from the gradient. Gradients are clipped by global
 * norm, as by PyTorch's clip_grad_norm_. Its states are `adamw.step`, and `adamw.m.NAME` and `adamw.v.NAME` for each
 * parameter.
 * @throws TypeError if gradients and parameters do not pair up, or are not f32
 */
export function adamW(parameters: readonly Tensor[], gradients: readonly Tensor[], options: AdamWOptions): AdamWStep {
  const {
    learningRate,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 0.01,
    undecayed = [],
    maxNorm,
  } = options;
  expectPairs("adamW", parameters, gradients);
  const gradientNorm = globalNorm(gradients);
  const clip: Operand = maxNorm === undefined ? 1 : minimum(div(maxNorm, add(gradientNorm, 1e-6)), 1);
  const initial = new Map<string, TensorValue>([["adamw.step", filled(0, [], "f32")]]);
  const step = state("adamw.step", []);
  const next = add(step, 1);
  const updates: Update[] = [{ state: step, value: next }];

  // Numbers common to all parameters are folded into factors first. Little work remains per element.
  const correction1 = oneMinusPower(beta1, next);
  const correction2 = sqrt(oneMinusPower(beta2, next));
  const rate = div(mul(correction2, learningRate), correction1);
  const floor = mul(correction2, epsilon);
  const firstFactor = scaled(clip, 1 - beta1);
  const secondFactor = scaled(typeof clip === "number" ? clip : mul(clip, clip), 1 - beta2);
  const keep =
    typeof learningRate === "number" ? 1 - learningRate * weightDecay : sub(1, mul(learningRate, weightDecay));

  parameters.forEach((parameter, i) => {
    const gradient = gradients[i]!;
    const name = parameter.node.name!;
    const m = state(`adamw.m.${name}`, parameter.shape);
    const v = state(`adamw.v.${name}`, parameter.shape);
    const nextM = add(mul(m, beta1), mul(gradient, firstFactor));
    const nextV = add(mul(v, beta2), mul(mul(gradient, gradient), secondFactor));
    const move = div(mul(nextM, rate), add(sqrt(nextV), floor));
    const decays = weightDecay !== 0 && !matches(name, undecayed);
    updates.push(
      { state: m, value: nextM },
      { state: v, value: nextV },
      { state: parameter, value: sub(decays ? mul(parameter, keep) : parameter, move) },
    );
    for (const moment of [m, v]) initial.set(moment.node.name!, filled(0, parameter.shape, "f32"));
  });
  return { updates, initial, gradientNorm };
}

/** 1 − βᵗ as 2h / (1 + h) with h = tanh(−t·ln β / 2): in f32, subtracting from 1 would lose five digits at β = 0.999. */
function oneMinusPower(beta: number, t: Tensor): Tensor {
  const h = tanh(mul(t, -Math.log(beta) / 2));
  return div(mul(h, 2), add(h, 1));
}

const scaled = (x: Operand, factor: number): Operand => (typeof x === "number" ? x * factor : mul(x, factor));

/** The global norm √ Σ g² of all gradients, a scalar. */
function globalNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(gradients.map((gradient) => sum(mul(gradient, gradient))).reduce((a, b) => add(a, b)));
}

/**
 * An exponential moving average of each parameter: `ema.NAME` ← decay · `ema.NAME` + (1 − decay) · NAME. The decay is a
 * number or a scalar input. Run it as a program of its own on the training's store, after adding the first values by
 * `emaInitial`.
 */
export function ema(parameters: readonly Tensor[], decay: Operand): Update[] {
  const share = typeof decay === "number" ? 1 - decay : sub(1, decay);
  return parameters.map((parameter) => {
    const average = state(emaName(parameter.node.name!), parameter.shape);
    return { state: average, value: add(average, mul(sub(parameter, average), share)) };
  });
}

/** The state of a parameter's average. */
export const emaName = (parameter: string): string => `ema.${parameter}`;

/** First values of the averages: the parameters' own. */
export const emaInitial = (parameters: ReadonlyMap<string, TensorValue>): Map<string, TensorValue> =>
  new Map([...parameters].map(([name, value]) => [emaName(name), value]));

function expectPairs(operator: string, parameters: readonly Tensor[], gradients: readonly Tensor[]): void {
  if (parameters.length !== gradients.length)
    throw new TypeError(
      `${operator}: expected a gradient for each of ${parameters.length} parameters, got ${gradients.length}`,
    );
  parameters.forEach((parameter, i) => {
    const gradient = gradients[i]!;
    if (parameter.node.operator !== "state")
      throw new TypeError(`${operator}: expected parameters, got ${formatType(parameter)} computed`);
    if (!sameShape(parameter.shape, gradient.shape) || parameter.dtype !== "f32" || gradient.dtype !== "f32")
      throw new TypeError(
        `${operator}: "${parameter.node.name}" is ${formatType(parameter)}, its gradient ${formatType(gradient)}; expected f32`,
      );
  });
}
