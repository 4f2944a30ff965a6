// The thread side of `sharded-step.ts`: the gradient of a part of each batch, and AdamW on a part of the parameters.
import { parentPort, workerData } from "node:worker_threads";
import type { DType, Shape, TensorData, Value } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { addGradients, type FlatAdamW, type FlatAdamWOptions, flatAdamW, type Range } from "./flat-adamw.ts";

export interface ShardWork {
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

/** What a thread is asked for, one after the other by all threads of a step. */
export type ShardRequest =
  /** The gradient of these feeds. */
  | { readonly feeds: Readonly<Record<string, TensorData | number>> }
  /** The sum of all gradients in its range. */
  | "add"
  /** The new parameters in its range. */
  | { readonly move: FlatAdamWOptions };

export type ShardReply = { readonly terms: Readonly<Record<string, number>> } | { readonly squares: number } | "moved";

if (!parentPort) throw new Error("Expected to run as a thread of shardedStep");
const port = parentPort;
const { shard, model, inputs, parameters: declared, learned, threads, shared, range } = workerData as ShardWork;
const opened = t.openOnnx(model, { threads });
// ONNX Runtime does not read or write memory that threads share.
const own = { parameters: shared.parameters.slice(), gradient: shared.gradients[shard]!.slice() };
const weights = views(own.parameters, "", declared);
const outputs = views(own.gradient, "gradient.", declared.slice(0, learned));

port.on("message", async (request: ShardRequest) => port.postMessage((await answer(request)) satisfies ShardReply));

async function answer(request: ShardRequest): Promise<ShardReply> {
  if (request === "add") return { squares: addGradients(shared.gradients, range) };
  if ("feeds" in request) return { terms: await gradientOf(request.feeds) };
  flatAdamW(shared, shared.gradients[0]!, range, request.move);
  return "moved";
}

async function gradientOf(feeds: Readonly<Record<string, TensorData | number>>): Promise<Record<string, number>> {
  const program = await opened;
  own.parameters.set(shared.parameters.subarray(0, own.gradient.length));
  const fed = inputs.map(({ name, dtype, shape }): [string, Value] => {
    const feed = feeds[name]!;
    return [name, { dtype, shape, data: typeof feed === "number" ? Float32Array.of(feed) : feed }];
  });
  const results = await program.run({ ...Object.fromEntries(fed), ...weights }, outputs);
  shared.gradients[shard]!.set(own.gradient);
  const terms = Object.entries(results).filter(([name]) => name.startsWith("term."));
  return Object.fromEntries(terms.map(([name, { data }]) => [name.slice("term.".length), Number(data[0])]));
}

/** Each parameter's part of the numbers. */
function views(numbers: Float32Array, prefix: string, parameters: ShardWork["parameters"]): Record<string, Value> {
  let end = 0;
  return Object.fromEntries(
    parameters.map(({ name, shape }) => {
      const begin = end;
      end += t.elements(shape);
      return [`${prefix}${name}`, { dtype: "f32", shape, data: numbers.subarray(begin, end) }];
    }),
  );
}
