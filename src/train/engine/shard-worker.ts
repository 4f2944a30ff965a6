// The thread side of `sharded-step.ts`: the gradient of one shard of each batch, and AdamW on one range of the parameters.
import { serveWorker } from "../../system/index.ts";
import type { DType, Shape, TensorData, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { addGradients, type FlatAdamW, type FlatAdamWOptions, flatAdamW, type Range } from "./flat-adamw.ts";

interface Input {
  readonly shard: number;
  /** ONNX model from inputs and parameters to "term.NAME" and "gradient.PARAMETER". */
  readonly model: Uint8Array;
  readonly inputs: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[];
  readonly parameters: readonly { readonly name: string; readonly shape: Shape }[];
  /** The first so many parameters have a gradient. */
  readonly learned: number;
  readonly threads: number;
  /** Memory shared by all threads. */
  readonly shared: FlatAdamW & { readonly gradients: readonly Float32Array[] };
  /** This thread updates the numbers in this range. */
  readonly range: Range;
}

const work = async ({ shard, model, inputs, parameters: declared, learned, threads, shared, range }: Input) => {
  const program = await t.openOnnx(model, { threads });
  // ONNX Runtime cannot use shared memory.
  const own = { parameters: shared.parameters.slice(), gradient: shared.gradients[shard]!.slice() };
  const weights = views(own.parameters, "", declared);
  const outputs = views(own.gradient, "gradient.", declared.slice(0, learned));
  return {
    /** Computes the gradient of a shard. @returns the terms of the loss */
    async gradient(feeds: Readonly<Record<string, TensorData | number>>): Promise<Record<string, number>> {
      own.parameters.set(shared.parameters.subarray(0, own.gradient.length));
      const fed = inputs.map(({ name, dtype, shape }): [string, TensorValue] => {
        const feed = feeds[name]!;
        return [name, { dtype, shape, data: typeof feed === "number" ? Float32Array.of(feed) : feed }];
      });
      const results = await program.run({ ...Object.fromEntries(fed), ...weights }, outputs);
      shared.gradients[shard]!.set(own.gradient);
      const terms = Object.entries(results).filter(([name]) => name.startsWith("term."));
      return Object.fromEntries(terms.map(([name, { data }]) => [name.slice("term.".length), Number(data[0])]));
    },
    /** Sums the first `count` gradients within the range. @returns the sum of the squares in the range */
    add: (count: number) => addGradients(shared.gradients.slice(0, count), range),
    /** Takes AdamW's step within the range. */
    move: (options: FlatAdamWOptions) => flatAdamW(shared, shared.gradients[0]!, range, options),
  };
};

/** Views of each parameter's numbers in a flat array. */
function views(numbers: Float32Array, prefix: string, parameters: Input["parameters"]): Record<string, TensorValue> {
  let end = 0;
  return Object.fromEntries(
    parameters.map(({ name, shape }) => {
      const begin = end;
      end += t.elements(shape);
      return [`${prefix}${name}`, { dtype: "f32", shape, data: numbers.subarray(begin, end) }];
    }),
  );
}

export type ShardWork = typeof work;
serveWorker(work);
