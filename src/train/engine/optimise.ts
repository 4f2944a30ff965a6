// The course of a training, whatever is trained: steps, validations, checkpoints, and going on after a kill exactly where the last
// checkpoint was. All randomness of a step comes from the seed and the step's number.
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Random } from "../../system/index.ts";
import { readJson, replaceFile } from "../../system/index.ts";
import type { Feed, Store, Tensor, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import type { OptimiserOptions } from "../options.ts";
import { openMetrics } from "./metrics.ts";
import type { RunFolder } from "./run-folder.ts";
import { shardedStep } from "./sharded-step.ts";
import { type Objective, optimiserStates, wholeStep } from "./step.ts";

/** Where batches come from, and how far it is: a position is JSON, from which a resumed training meets the same batches. */
interface Source<Batch, Position> {
  next(): Promise<Batch>;
  state(): Position;
  close(): Promise<void>;
}

export interface Validation {
  /** By which the best checkpoint is chosen: lower is better. */
  readonly score: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
}

export interface Plan<Batch, Position> {
  readonly run: RunFolder;
  readonly options: OptimiserOptions;
  readonly objective: Objective;
  /** Parameters at the start. */
  readonly initial: () => Promise<Map<string, TensorValue>>;
  readonly loader: (position?: Position) => Source<Batch, Position>;
  readonly feeds: (batch: Batch, random: Random) => Record<string, Feed>;
  /** Judges the (averaged) parameters in a store; absent where nothing is held out. */
  readonly validate?: ((store: Store) => Promise<Validation>) | undefined;
  /** Writes what others load into a folder. */
  readonly save: (folder: string, store: Store, renamed: (name: string) => string) => Promise<void>;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** A point of the learning curve. */
export interface CurvePoint {
  readonly step: number;
  /** Loss on training data since the point before. */
  readonly train?: number;
  /** The validation's score. */
  readonly heldOut?: number;
}

export interface Course {
  /** Folders of the last and of the best checkpoint, to be loaded or fine-tuned. */
  readonly last: string;
  readonly best: string;
  readonly bestStep: number;
  readonly curve: readonly CurvePoint[];
  /** The numbers of each validation. */
  readonly validations: readonly Readonly<Record<string, number>>[];
}

interface State<Position> {
  readonly step: number;
  readonly position: Position | null;
  readonly best: { readonly step: number; readonly score: number } | null;
}

/** Steps after which the averages follow, by the decay to that power; before a validation they do so too. */
const averageEvery = 8;
/** Steps between two lines of metrics. */
const logEvery = 10;

export async function optimise<Batch, Position>(plan: Plan<Batch, Position>): Promise<Course> {
  const { run, options, objective, validate } = plan;
  const { parameters } = objective;
  const { steps, seed, ema } = options;
  const resumed = run.last === undefined ? undefined : readState<Position>(run.last);
  const log = openMetrics(run.path, resumed?.step ?? 0);

  const renamed = ema === 0 ? (name: string) => name : t.emaName;
  const store = t.createStore(
    run.last === undefined
      ? await firstState(plan, ema > 0)
      : await t.readSafetensors(join(run.last, "training_state", "state.safetensors")),
  );
  const stepOptions = { ...options, threads: options.threads ?? availableParallelism() };
  const training = await (stepOptions.device === "cpu" ? shardedStep : wholeStep)(objective, store, stepOptions);
  const loader = plan.loader(resumed?.position ?? undefined);
  const judged = t.createStore();
  let best = resumed?.best ?? null;
  const schedule = {
    peak: options.learningRate,
    warmup: Math.min(options.warmup, steps - 1),
    total: steps,
    final: options.finalRate * options.learningRate,
  };

  try {
    const take = async (step: number) => {
      const batch = await loader.next();
      const position = loader.state();
      return { feeds: plan.feeds(batch, t.random(`${seed}/step/${step}`)), position };
    };
    let sums: Record<string, number> = {};
    let summed = 0;
    let began = performance.now();
    let unaveraged = 0;
    const start = resumed?.step ?? 0;
    let upcoming = start < steps ? take(start) : undefined;
    for (let step = start; step < steps; step++) {
      const { feeds, position } = await upcoming!;
      const running = training.run(feeds, t.warmupCosine(step, schedule));
      // The next batch is put together while this one is computed.
      upcoming = step + 1 < steps ? take(step + 1) : undefined;
      upcoming?.catch(() => undefined);
      const outputs = await running;
      for (const [name, value] of Object.entries(outputs)) sums[name] = (sums[name] ?? 0) + value;
      summed++;
      const done = step + 1;
      const now = outputs.loss!;
      if (!Number.isFinite(now))
        throw new Error(
          `${run.path}: the loss of step ${done} is ${now}; lower the learning rate (${options.learningRate}), ` +
            "or look for data that is not as it should be (pistar dataset validate)",
        );
      plan.onProgress?.({ step: done, steps, loss: now });
      const pause = done % options.validateEvery === 0 || done === steps;
      unaveraged++;
      if (pause || unaveraged === averageEvery) {
        if (ema > 0) await training.average(ema ** unaveraged);
        unaveraged = 0;
      }
      if (done % logEvery === 0 || pause) {
        const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [`train/${name}`, sum / summed]));
        const rate = (1000 * summed) / (performance.now() - began);
        log.add({ step: done, ...means, learningRate: t.warmupCosine(step, schedule), stepsPerSecond: rate });
        [sums, summed, began] = [{}, 0, performance.now()];
      }
      if (!pause) continue;
      await training.settle();
      let better = !validate;
      if (validate) {
        await judged.write(await plainParameters(store, parameters, renamed));
        const { score, metrics } = await validate(judged);
        log.add({ step: done, "heldOut/score": score, ...metrics });
        better = best === null || score < best.score;
        if (better) best = { step: done, score };
      }
      await saveStep(run, { step: done, position, best }, better, store, (folder) => plan.save(folder, store, renamed));
      began = performance.now();
    }
    return courseOf(run, log.all, best?.step ?? steps, steps);
  } finally {
    await loader.close();
    await training.release();
    store.release();
    judged.release();
  }
}

async function firstState(
  { initial, objective }: Pick<Plan<unknown, unknown>, "initial" | "objective">,
  averaged: boolean,
) {
  const parameters = await initial();
  return [...parameters, ...optimiserStates(objective.parameters), ...(averaged ? t.emaInitial(parameters) : [])];
}

/** The parameters to be judged, under their own names. */
async function plainParameters(
  store: Store,
  parameters: readonly Tensor[],
  renamed: (name: string) => string,
): Promise<[string, TensorValue][]> {
  const values: [string, TensorValue][] = [];
  for (const { node } of parameters) values.push([node.name!, await store.read(renamed(node.name!))]);
  return values;
}

async function saveStep(
  run: RunFolder,
  state: State<unknown>,
  best: boolean,
  store: Store,
  save: (folder: string) => Promise<void>,
): Promise<void> {
  await run.save(state.step, best, async (folder) => {
    for (const part of ["pretrained_model", "training_state"]) mkdirSync(join(folder, part));
    await save(join(folder, "pretrained_model"));
    await t.writeSafetensors(join(folder, "training_state", "state.safetensors"), await store.readAll());
    replaceFile(join(folder, "training_state", "training_state.json"), JSON.stringify(state));
  });
}

const readState = <Position>(checkpoint: string): State<Position> =>
  readJson(join(checkpoint, "training_state", "training_state.json")) as State<Position>;

function courseOf(
  run: RunFolder,
  metrics: readonly Readonly<Record<string, number>>[],
  bestStep: number,
  steps: number,
): Course {
  const folder = (step: number) => join(run.path, "checkpoints", String(step).padStart(6, "0"), "pretrained_model");
  return {
    last: folder(steps),
    best: folder(bestStep),
    bestStep,
    curve: metrics.map((line) => ({
      step: line.step!,
      ...(line["train/loss"] !== undefined && { train: line["train/loss"] }),
      ...(line["heldOut/score"] !== undefined && { heldOut: line["heldOut/score"] }),
    })),
    validations: metrics.filter((line) => line["heldOut/score"] !== undefined),
  };
}
