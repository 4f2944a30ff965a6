// A step on one device: three programs on one store, for the gradient, for AdamW and for the weight averages. Between the first two the gradient
// is a state of the store and stays on the device.
import { lossOf } from "../../model/index.ts";
import type { Store, Tensor, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { adamW, learnedFirst, type Objective, type StepOptions, type TrainingStep, undecayed } from "./step.ts";

/** The state of a parameter's gradient. */
const gradientName = ({ node }: Tensor): string => `gradient.${node.name}`;

export async function wholeStep(objective: Objective, store: Store, options: StepOptions): Promise<TrainingStep> {
  const [learned] = learnedFirst(objective);
  const { batchSize, device, threads, weightDecay, maxNorm } = options;
  const compile = (graph: t.Graph) => t.compile(graph, { store, device, threads });
  const { inputs, terms } = objective.loss(batchSize);
  const loss = lossOf(terms);

  await store.write(learned.map((parameter) => [gradientName(parameter), zeros(parameter)]));
  const kept = learned.map((parameter) => t.state(gradientName(parameter), parameter.shape));
  // Without FAST tokens the loss reaches only keys and values of the language model's last layer.
  const gradients = t.gradient(loss, learned, { unreached: "zeros" });
  const differentiate = await compile({
    inputs,
    outputs: { loss, ...Object.fromEntries(terms.map(({ name, value }) => [name, value])) },
    updates: kept.map((state, i) => ({ state, value: gradients[i]! })),
  });

  const learningRate = t.input("learningRate", []);
  const { updates, gradientNorm } = t.adamW(learned, kept, {
    ...adamW,
    learningRate,
    weightDecay,
    maxNorm,
    undecayed,
  });
  const move = await compile({ inputs: [learningRate], outputs: { gradientNorm }, updates });

  const decay = t.input("decay", []);
  const averaged = store.names.includes(t.emaName(learned[0]!.node.name!));
  const follow = averaged ? await compile({ inputs: [decay], updates: t.ema(learned, decay) }) : undefined;

  return {
    async gradient(feeds) {
      const found = await differentiate.run(feeds);
      return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, Number(data[0])]));
    },
    async exchange(combine) {
      const flat = new Float32Array(learned.reduce((sum, { shape }) => sum + t.elements(shape), 0));
      let end = 0;
      const parts = learned.map((parameter) => {
        const begin = end;
        end += t.elements(parameter.shape);
        return { name: gradientName(parameter), shape: parameter.shape, part: flat.subarray(begin, end) };
      });
      for (const { name, part } of parts) part.set((await store.read(name)).data as Float32Array);
      await combine(flat);
      await store.write(parts.map(({ name, shape, part }) => [name, t.value(part, shape)]));
    },
    async update(rate) {
      return Number((await move.run({ learningRate: rate })).gradientNorm!.data[0]);
    },
    async average(share) {
      await follow?.run({ decay: share });
    },
    settle: async () => {},
    async release() {
      for (const program of [differentiate, move, follow]) await program?.release();
      await store.remove(kept.map(({ node }) => node.name!));
    },
  };
}

const zeros = ({ shape }: Tensor): TensorValue => t.value(new Float32Array(t.elements(shape)), shape);
