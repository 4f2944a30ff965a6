// A training step over threads: each has the gradient's graph for an equal part ("shard") of the batch, and makes AdamW's step for a part of the
// parameters. Small networks gain more from several cores this way than within operators (bench/sharded-step.ts), and one thread from AdamW in one pass.
import { lossOf } from "../../model/index.ts";
import { transfer, WorkerThread } from "../../system/index.ts";
import type { Feed, Store, Tensor, TensorData, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { clipFactor, flatAverage } from "./flat-adamw.ts";
import type { ShardWork } from "./shard-worker.ts";
import { adamW, learnedFirst, type Objective, type StepOptions, type TrainingStep, undecayed } from "./step.ts";

/** Samples of a shard at least: fewer leave its operators too little to do. */
const leastPerShard = 8;

/** Shards of a batch, one for each thread if they are not too small. */
export function shardsOf({ batchSize, threads }: Pick<StepOptions, "batchSize" | "threads">): number {
  let shards = Math.max(1, Math.min(threads, Math.floor(batchSize / leastPerShard)));
  while (batchSize % shards !== 0) shards--;
  return shards;
}

/** The sum over shards is the batch's gradient, up to rounding: the same numbers with as many threads. */
export async function shardedStep(objective: Objective, store: Store, options: StepOptions): Promise<TrainingStep> {
  const [learned, others] = learnedFirst(objective);
  const parameters = [...learned, ...others];
  const shards = shardsOf(options);
  const { inputs, terms } = objective.loss(options.batchSize / shards);
  const shares = terms.map(({ name }) => t.input(`share.${name}`, []));
  const loss = lossOf(terms.map((term, i) => ({ ...term, value: t.mul(term.value, shares[i]!) })));
  // Without FAST tokens nothing is asked of the language model's last layer but keys and values.
  const gradients = t.gradient(loss, learned, { unreached: "zeros" });
  const flat = await flatStates(parameters, store);
  const moving = learned.reduce((sum, { shape }) => sum + t.elements(shape), 0);
  const work = {
    model: t.onnxBytes([...inputs, ...shares, ...parameters], {
      ...Object.fromEntries(terms.map(({ name, value }) => [`term.${name}`, value])),
      ...Object.fromEntries(gradients.map((gradient, i) => [`gradient.${nameOf(learned[i]!)}`, gradient])),
    }),
    inputs: [...inputs, ...shares].map((input) => ({ name: nameOf(input), dtype: input.dtype, shape: input.shape })),
    parameters: parameters.map((parameter) => ({ name: nameOf(parameter), shape: parameter.shape })),
    learned: learned.length,
    threads: Math.max(1, Math.floor(options.threads / shards)),
    shared: {
      parameters: flat.parameters,
      first: flat.first,
      second: flat.second,
      undecayed: flat.undecayed,
      gradients: Array.from({ length: shards }, () => sharedNumbers(moving)),
    },
  };
  const edge = (shard: number) => Math.round((shard * moving) / shards);
  const threads = Array.from(
    { length: shards },
    (_, shard) =>
      new WorkerThread<ShardWork>(import.meta.url, "./shard-worker", {
        name: "A thread of the training",
        input: { ...work, shard, range: [edge(shard), edge(shard + 1)] },
      }),
  );

  return {
    async run(feeds, learningRate) {
      const pieces = split(inputs, feeds, shards);
      const weights = terms.map(({ weight }) => pieces.map((piece) => weight(piece)));
      const shareOf = (term: number, shard: number) => {
        const total = weights[term]!.reduce((a, b) => a + b);
        return total === 0 ? 0 : weights[term]![shard]! / total;
      };
      const replies = await Promise.all(
        threads.map((thread, shard) => {
          const own = Object.fromEntries(shares.map((share, term) => [nameOf(share), shareOf(term, shard)]));
          return thread.ask("gradient", transfer({ ...pieces[shard]!, ...own }));
        }),
      );
      const squares = await Promise.all(threads.map((thread) => thread.ask("add", undefined)));
      const gradientNorm = Math.sqrt(squares.reduce((sum, part) => sum + part, 0));
      flat.step++;
      const factor = clipFactor(gradientNorm, options.maxNorm);
      const move = { ...adamW, learningRate, weightDecay: options.weightDecay, step: flat.step, factor };
      await Promise.all(threads.map((thread) => thread.ask("move", move)));
      const values = terms.map(({ name }, term) =>
        replies.reduce((sum, found, shard) => sum + shareOf(term, shard) * found[name]!, 0),
      );
      return {
        loss: values.reduce((sum, value, term) => sum + terms[term]!.factor * value, 0),
        gradientNorm,
        ...Object.fromEntries(terms.map(({ name }, term) => [name, values[term]!])),
      };
    },
    async average(decay) {
      flatAverage(flat.averages!.subarray(0, moving), flat.parameters.subarray(0, moving), decay);
    },
    settle: () => store.write(flat.values()),
    async release() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

/** Numbers that all threads see. */
const sharedNumbers = (count: number) => new Float32Array(new SharedArrayBuffer(4 * count));

const nameOf = ({ node }: Tensor): string => node.name!;

/** What the store holds of the parameters, one after the other. */
async function flatStates(parameters: readonly Tensor[], store: Store) {
  let numbers = 0;
  const places = parameters.map((parameter) => {
    const begin = numbers;
    numbers += t.elements(parameter.shape);
    return { name: nameOf(parameter), shape: parameter.shape, begin, end: numbers };
  });
  const averaged = store.names.includes(t.emaName(places[0]!.name));
  const read = async (entry: (name: string) => string) => {
    const all = sharedNumbers(numbers);
    for (const { name, begin } of places) all.set((await store.read(entry(name))).data as Float32Array, begin);
    return all;
  };
  const entries = {
    parameters: (name: string) => name,
    first: (name: string) => `adamw.m.${name}`,
    second: (name: string) => `adamw.v.${name}`,
    averages: t.emaName,
  };
  return {
    step: Number((await store.read("adamw.step")).data[0]),
    parameters: await read(entries.parameters),
    first: await read(entries.first),
    second: await read(entries.second),
    averages: averaged ? await read(entries.averages) : undefined,
    undecayed: places.filter(({ name }) => t.matches(name, undecayed)).map(({ begin, end }) => [begin, end] as const),
    *values(): Generator<[string, TensorValue]> {
      yield ["adamw.step", t.value(Float32Array.of(this.step), [])];
      for (const kind of ["parameters", "first", "second", "averages"] as const)
        for (const { name, shape, begin, end } of this[kind] ? places : [])
          yield [entries[kind](name), t.value(this[kind]!.subarray(begin, end), shape)];
    },
  };
}

/** The feeds of each of `shards` equal parts of a batch, copied. */
function split(
  inputs: readonly Tensor[],
  feeds: Readonly<Record<string, Feed>>,
  shards: number,
): Record<string, TensorData>[] {
  return Array.from({ length: shards }, (_, shard) =>
    Object.fromEntries(
      inputs.map((input) => {
        const all = feeds[nameOf(input)] as TensorData;
        const size = all.length / shards;
        return [nameOf(input), all.slice(shard * size, (shard + 1) * size)];
      }),
    ),
  );
}
