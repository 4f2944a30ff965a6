// One step of a training: the gradient of a batch, clipped, and AdamW; and the average of the weights that follows them.
import { type LossTerm, lossOf } from "../../model/index.ts";
import type { Feed, Store, Tensor, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";

export interface Objective {
  readonly parameters: readonly Tensor[];
  /** Names (* stands for any characters) of those that the loss does not reach: they stay as they are, and cost nothing. */
  readonly unreached?: readonly string[];
  /** The loss of so many samples, the first dimension of every input. */
  readonly loss: (batch: number) => { readonly inputs: readonly Tensor[]; readonly terms: readonly LossTerm[] };
}

export interface StepOptions {
  readonly batchSize: number;
  readonly device: t.Device;
  readonly threads: number;
  readonly weightDecay: number;
  readonly maxNorm: number;
}

export interface TrainingStep {
  /** @returns "loss", its terms, and "gradientNorm" before clipping */
  run(feeds: Readonly<Record<string, Feed>>, learningRate: number): Promise<Record<string, number>>;
  /** Lets the averages follow the parameters. */
  average(decay: number): Promise<void>;
  /** Brings parameters, moments and averages in the store up to date. */
  settle(): Promise<void>;
  release(): Promise<void>;
}

/** β₂ is openpi's: the moments of the first steps, which are unlike those that follow, are soon forgotten. */
export const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };

/** Biases and norms do not decay. */
export const undecayed = ["*bias", "*norm*"] as const;

/** The parameters that a step changes, then the others. */
export function learnedFirst({ parameters, unreached = [] }: Objective): readonly [Tensor[], Tensor[]] {
  const stays = ({ node }: Tensor) => t.matches(node.name!, unreached);
  return [parameters.filter((parameter) => !stays(parameter)), parameters.filter(stays)];
}

/** What the store holds beside the parameters before the first step. */
export const optimiserStates = (parameters: readonly Tensor[]): ReadonlyMap<string, TensorValue> =>
  t.adamW(parameters, parameters, { learningRate: 0 }).initial;

/** A step in one program. */
export async function wholeStep(objective: Objective, store: Store, options: StepOptions): Promise<TrainingStep> {
  const [learned] = learnedFirst(objective);
  const { batchSize, device, threads, weightDecay, maxNorm } = options;
  const { inputs, terms } = objective.loss(batchSize);
  const loss = lossOf(terms);
  const learningRate = t.input("learningRate", []);
  // Without FAST tokens nothing is asked of the language model's last layer but keys and values.
  const gradients = t.gradient(loss, learned, { unreached: "zeros" });
  const rates = { ...adamW, learningRate, weightDecay, maxNorm, undecayed };
  const { updates, gradientNorm } = t.adamW(learned, gradients, rates);
  const parts = Object.fromEntries(terms.map(({ name, value }) => [name, value]));
  const outputs = { loss, gradientNorm, ...parts };
  const program = await t.compile({ inputs: [...inputs, learningRate], outputs, updates }, { store, device, threads });
  const decay = t.input("decay", []);
  const averaged = store.names.includes(t.emaName(learned[0]!.node.name!));
  const averages = averaged
    ? await t.compile({ inputs: [decay], updates: t.ema(learned, decay) }, { store, device, threads })
    : undefined;
  return {
    async run(feeds, rate) {
      const found = await program.run({ ...feeds, learningRate: rate });
      return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, Number(data[0])]));
    },
    async average(share) {
      await averages?.run({ decay: share });
    },
    settle: async () => {},
    async release() {
      await program.release();
      await averages?.release();
    },
  };
}
