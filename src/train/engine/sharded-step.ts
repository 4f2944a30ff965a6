// A training step over threads of the CPU. Each thread computes the gradient of an equal part of the batch (a shard), and takes AdamW's step for a
// range of the parameters. Small networks gain more from several cores this way than from threads within operators (bench/sharded-step.ts).
import { type LossTerm, lossOf } from "../../model/index.ts";
import { transfer, WorkerThread } from "../../system/index.ts";
import type { Feed, Store, Tensor, TensorData } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { clipFactor, flatAverage } from "./flat-adamw.ts";
import { type FlatStates, flatStates, sharedNumbers } from "./flat-states.ts";
import type { ShardWork } from "./shard-worker.ts";
import { adamW, learnedFirst, type Objective, type StepOptions, type TrainingStep } from "./step.ts";

/** Fewest samples of a shard. With fewer, the fixed cost of each operator dominates. */
const leastPerShard = 8;

/** The number of shards: at most one for each thread, of equal size, with at least `leastPerShard` samples each. */
export function shardsOf({ batchSize, threads }: Pick<StepOptions, "batchSize" | "threads">): number {
  let shards = Math.max(1, Math.min(threads, Math.floor(batchSize / leastPerShard)));
  while (batchSize % shards !== 0) shards--;
  return shards;
}

/**
 * The sum over shards is the batch's gradient up to rounding. The same number of threads gives the same bytes.
 * @returns a step on copies of the store's numbers; `settle` writes them back
 */
export async function shardedStep(objective: Objective, store: Store, options: StepOptions): Promise<TrainingStep> {
  const [learned, others] = learnedFirst(objective);
  const shards = shardsOf(options);
  const graph = shardGraph(objective, learned, others, options.batchSize / shards);
  const flat = await flatStates([...learned, ...others], store);
  const moving = learned.reduce((sum, { shape }) => sum + t.elements(shape), 0);
  const gradients = Array.from({ length: shards }, () => sharedNumbers(moving));
  const threads = startThreads(graph.work, flat, gradients, Math.max(1, Math.floor(options.threads / shards)));
  /** Sums `count` gradients into the first. @returns the norm of the sum */
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
      if (flat.averages) flatAverage(flat.averages.subarray(0, moving), flat.parameters.subarray(0, moving), decay);
    },
    settle: () => store.write(flat.values()),
    async release() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

/**
 * Starts a thread for each shard.
 * @param gradients one for each shard, in shared memory
 * @param threads for the operators of one shard
 */
function startThreads(
  work: ReturnType<typeof shardGraph>["work"],
  { parameters, first, second, undecayed }: FlatStates,
  gradients: readonly Float32Array[],
  threads: number,
): WorkerThread<ShardWork>[] {
  const shared = { parameters, first, second, undecayed, gradients };
  const edge = (shard: number) => Math.round((shard * gradients[0]!.length) / gradients.length);
  return gradients.map((_, shard) => {
    const range = [edge(shard), edge(shard + 1)] as const;
    return new WorkerThread<ShardWork>(import.meta.url, "./shard-worker", {
      name: "A thread of the training",
      input: { ...work, shard, threads, shared, range },
    });
  });
}

/** The graph of a shard's gradient. Each term of the loss is scaled by the shard's share of its weight. */
function shardGraph(objective: Objective, learned: readonly Tensor[], others: readonly Tensor[], batch: number) {
  const { inputs, terms } = objective.loss(batch);
  const shares = terms.map(({ name }) => t.input(`share.${name}`, []));
  const loss = lossOf(terms.map((term, i) => ({ ...term, value: t.mul(term.value, shares[i]!) })));
  // Without FAST tokens the loss reaches only keys and values of the language model's last layer.
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

/** Share of each shard in the weight of each term, 0 to 1. A term is a weighted mean over the batch. */
function sharesOf(terms: readonly LossTerm[], shards: readonly Record<string, TensorData>[]): number[][] {
  return terms.map(({ weight }) => {
    const weights = shards.map((feeds) => weight(feeds));
    const total = weights.reduce((a, b) => a + b);
    return weights.map((own) => (total === 0 ? 0 : own / total));
  });
}

const nameOf = ({ node }: Tensor): string => node.name!;

/** Copies of the feeds of each shard. */
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
