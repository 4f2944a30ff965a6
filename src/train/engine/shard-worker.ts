// The thread side of `sharded-step.ts`: the gradient of a part of each batch, and AdamW on a part of the parameters.
import { serveWorker } from "../../system/index.ts";
import type { DType, Shape, TensorData, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { addGradients, type FlatAdamW, type FlatAdamWOptions, flatAdamW, type Range } from "./flat-adamw.ts";

interface Input {
  readonly shard: number;
  /** From inputs and parameters to "term.NAME" and "gradient.PARAMETER". */
  readonly model: Uint8Array;
  readonly inputs: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[];
  readonly parameters: readonly { readonly name: string; readonly shape: Shape }[];
  /** How many of them, the first, have a gradient. */
  readonly learned: number;
  readonly threads: number;
  /** In memory that all threads see. */
  readonly shared: FlatAdamW & { readonly gradients: readonly Float32Array[] };
  /** The part of the parameters that this thread updates. */
  readonly range: Range;
}

const work = async ({ shard, model, inputs, parameters: declared, learned, threads, shared, range }: Input) => {
  const program = await t.openOnnx(model, { threads });
  // ONNX Runtime does not read or write memory that threads share.
  const own = { parameters: shared.parameters.slice(), gradient: shared.gradients[shard]!.slice() };
  const weights = views(own.parameters, "", declared);
  const outputs = views(own.gradient, "gradient.", declared.slice(0, learned));
  return {
    /** The gradient of these feeds. @returns the loss's terms */
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
    /** Sums the first `count` gradients in this thread's range. @returns the sum of the squares there */
    add: (count: number) => addGradients(shared.gradients.slice(0, count), range),
    /** Makes the new parameters in this thread's range. */
    move: (options: FlatAdamWOptions) => flatAdamW(shared, shared.gradients[0]!, range, options),
  };
};

/** Each parameter's part of the numbers. */
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
