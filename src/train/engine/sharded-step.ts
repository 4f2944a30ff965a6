// A training step over threads of the CPU. Each thread has the gradient's graph for an equal part of the batch (a shard), and makes AdamW's step
// for a part of the parameters. Small networks gain more from several cores this way than within operators (bench/sharded-step.ts), and gain
// from AdamW in one pass on one core as well.
import { type LossTerm, lossOf } from "../../model/index.ts";
import { transfer, WorkerThread } from "../../system/index.ts";
import type { Feed, Store, Tensor, TensorData, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { clipFactor, flatAverage } from "./flat-adamw.ts";
import type { ShardWork } from "./shard-worker.ts";
import { adamW, learnedFirst, type Objective, type StepOptions, type TrainingStep, undecayed } from "./step.ts";

/** Fewest samples of a shard: with less, its operators have too little to do. */
const leastPerShard = 8;

/** How many shards a batch has: one for each thread, if they are not too small and of one size. */
export function shardsOf({ batchSize, threads }: Pick<StepOptions, "batchSize" | "threads">): number {
  let shards = Math.max(1, Math.min(threads, Math.floor(batchSize / leastPerShard)));
  while (batchSize % shards !== 0) shards--;
  return shards;
}

/**
 * The sum over shards is the batch's gradient, up to rounding. The same number of threads gives the same bytes.
 * @returns a step that works on copies of the store's numbers until `settle`
 */
export async function shardedStep(objective: Objective, store: Store, options: StepOptions): Promise<TrainingStep> {
  const [learned, others] = learnedFirst(objective);
  const shards = shardsOf(options);
  const graph = shardGraph(objective, learned, others, options.batchSize / shards);
  const flat = await flatStates([...learned, ...others], store);
  const moving = learned.reduce((sum, { shape }) => sum + t.elements(shape), 0);
  const gradients = Array.from({ length: shards }, () => sharedNumbers(moving));
  const { parameters, first, second, undecayed } = flat;
  const edge = (shard: number) => Math.round((shard * moving) / shards);
  const threads = gradients.map(
    (_, shard) =>
      new WorkerThread<ShardWork>(import.meta.url, "./shard-worker", {
        name: "A thread of the training",
        input: {
          ...graph.work,
          shard,
          threads: Math.max(1, Math.floor(options.threads / shards)),
          shared: { parameters, first, second, undecayed, gradients },
          range: [edge(shard), edge(shard + 1)],
        },
      }),
  );
  /** Sums the first gradients into the first of all. @returns the norm of the sum */
  const summed = async (count: number): Promise<number> => {
    const squares = await Promise.all(threads.map((thread) => thread.ask("add", count)));
    return Math.sqrt(squares.reduce((sum, part) => sum + part, 0));
  };
  let gradientNorm = 0;

  return {
    async gradient(feeds) {
      const pieces = split(graph.inputs, feeds, shards);
      const shares = sharesOf(graph.terms, pieces);
      const found = await Promise.all(
        threads.map((thread, shard) => {
          const own = graph.shares.map((share, term) => [nameOf(share), shares[term]![shard]!]);
          return thread.ask("gradient", transfer({ ...pieces[shard]!, ...Object.fromEntries(own) }));
        }),
      );
      gradientNorm = await summed(shards);
      const values = graph.terms.map(({ name }, term) =>
        found.reduce((sum, of, shard) => sum + shares[term]![shard]! * of[name]!, 0),
      );
      return {
        loss: values.reduce((sum, value, term) => sum + graph.terms[term]!.factor * value, 0),
        ...Object.fromEntries(graph.terms.map(({ name }, term) => [name, values[term]!])),
      };
    },
    async exchange(combine) {
      await combine(gradients[0]!);
      gradientNorm = await summed(1);
    },
    async update(learningRate) {
      flat.step++;
      const factor = clipFactor(gradientNorm, options.maxNorm);
      const move = { ...adamW, learningRate, weightDecay: options.weightDecay, step: flat.step, factor };
      await Promise.all(threads.map((thread) => thread.ask("move", move)));
      return gradientNorm;
    },
    async average(decay) {
      if (flat.averages) flatAverage(flat.averages.subarray(0, moving), parameters.subarray(0, moving), decay);
    },
    settle: () => store.write(flat.values()),
    async release() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

/** The graph of a shard's gradient, in which each term of the loss is scaled by the shard's share of it. */
function shardGraph(objective: Objective, learned: readonly Tensor[], others: readonly Tensor[], batch: number) {
  const { inputs, terms } = objective.loss(batch);
  const shares = terms.map(({ name }) => t.input(`share.${name}`, []));
  const loss = lossOf(terms.map((term, i) => ({ ...term, value: t.mul(term.value, shares[i]!) })));
  // Without FAST tokens the loss reaches nothing of the language model's last layer but keys and values.
  const gradients = t.gradient(loss, learned, { unreached: "zeros" });
  const parameters = [...learned, ...others];
  const fed = [...inputs, ...shares];
  const work = {
    model: t.onnxBytes([...fed, ...parameters], {
      ...Object.fromEntries(terms.map(({ name, value }) => [`term.${name}`, value])),
      ...Object.fromEntries(gradients.map((gradient, i) => [`gradient.${nameOf(learned[i]!)}`, gradient])),
    }),
    inputs: fed.map((input) => ({ name: nameOf(input), dtype: input.dtype, shape: input.shape })),
    parameters: parameters.map((parameter) => ({ name: nameOf(parameter), shape: parameter.shape })),
    learned: learned.length,
  };
  return { inputs, terms, shares, work };
}

/** How much of each term's weight lies in each shard (0 to 1): a term is a weighted mean over the batch. */
function sharesOf(terms: readonly LossTerm[], shards: readonly Record<string, TensorData>[]): number[][] {
  return terms.map(({ weight }) => {
    const weights = shards.map((feeds) => weight(feeds));
    const total = weights.reduce((a, b) => a + b);
    return weights.map((own) => (total === 0 ? 0 : own / total));
  });
}

/** Numbers that all threads see. */
const sharedNumbers = (count: number) => new Float32Array(new SharedArrayBuffer(4 * count));

const nameOf = ({ node }: Tensor): string => node.name!;

/** What the store holds of the parameters, in flat arrays: one parameter after the other. */
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
