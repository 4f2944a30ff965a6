// Parameters of a model: declared under nested names, initialised from a seed, counted, and selected by name.

import type { Random } from "../system/index.ts";
import { float32ToFloat16 } from "../system/index.ts";
import { state, type Tensor } from "./expression.ts";
import { type DType, elements, type Shape, type TensorValue } from "./types.ts";

/** Fills `numbers`, the elements of a tensor of `shape`. */
export type Initializer = (numbers: Float32Array, shape: Shape, random: Random) => void;

/** Every element `x`. */
export const fill =
  (x: number): Initializer =>
  (numbers) => {
    numbers.fill(x);
  };

/** Normal with mean 0. */
export const normal =
  (deviation: number): Initializer =>
  (numbers, _, random) => {
    for (let i = 0; i < numbers.length; i++) numbers[i] = deviation * random.normal();
  };

/** Uniform between −bound and bound. */
export const uniform =
  (bound: number): Initializer =>
  (numbers, _, random) => {
    for (let i = 0; i < numbers.length; i++) numbers[i] = bound * (2 * random.uniform() - 1);
  };

/**
 * Uniform between ±1/√fan-in; the fan-in is the product of all sizes but the first. This is PyTorch's default for
 * linear and convolution.
 */
export const fanIn: Initializer = (numbers, shape, random) =>
  uniform(1 / Math.sqrt(elements(shape.slice(1))))(numbers, shape, random);

interface Declaration {
  readonly tensor: Tensor;
  readonly initializer: Initializer;
}

/**
 * Declares a model's parameters. Names join by dots: `scope.at("layers").at(0).parameter("weight", …)` is
 * "layers.0.weight".
 */
export interface Scope {
  at(key: string | number): Scope;
  /**
   * Declares a parameter and returns its expression.
   * @throws Error if the name is taken
   */
  parameter(key: string, shape: Shape, initializer: Initializer, dtype?: "f32" | "f16"): Tensor;
  /** All parameters declared under the root, in order of declaration. */
  readonly parameters: readonly Tensor[];
  /**
   * First values for all parameters under the root. Each parameter draws from a random stream of its own name: adding
   * one changes no other.
   */
  initialize(random: Random): Map<string, TensorValue>;
}

/** The root of a model's names. */
export function scope(): Scope {
  const declared = new Map<string, Declaration>();
  const under = (path: string): Scope => ({
    at: (key) => under(`${path}${key}.`),
    parameter(key, shape, initializer, dtype: DType = "f32") {
      const name = path + key;
      if (declared.has(name)) throw new Error(`Parameter "${name}" is declared twice`);
      const tensor = state(name, shape, dtype);
      declared.set(name, { tensor, initializer });
      return tensor;
    },
    get parameters() {
      return [...declared.values()].map(({ tensor }) => tensor);
    },
    initialize(random) {
      const values = new Map<string, TensorValue>();
      for (const [name, { tensor, initializer }] of declared) {
        const numbers = new Float32Array(elements(tensor.shape));
        initializer(numbers, tensor.shape, random.split(name));
        const data = tensor.dtype === "f16" ? float32ToFloat16(numbers) : numbers;
        values.set(name, { dtype: tensor.dtype, shape: tensor.shape, data });
      }
      return values;
    },
  });
  return under("");
}

/** Number of elements in all of them. */
export const countParameters = (parameters: readonly Tensor[]): number =>
  parameters.reduce((count, { shape }) => count + elements(shape), 0);

/** Whether `name` fits one of `patterns`; `*` stands for any characters: "vision.*", "*.bias". */
export function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`).test(name);
  });
}
