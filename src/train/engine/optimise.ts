// The training loop of every network: steps, weight averages, validations, checkpoints, metrics. All randomness of a step comes from the seed and
// the step's number. A training therefore resumes exactly at its last checkpoint.
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { PistarError, type Random, random } from "../../system/index.ts";
import type { Feed, Store, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import type { OptimiserOptions } from "../options.ts";
import { type MetricsLog, openMetrics, runningMeans } from "./metrics.ts";
import { modelFolder, type RunFolder } from "./run-folder.ts";
import { shardedStep } from "./sharded-step.ts";
import { type Objective, optimiserStates, type StepFactory, takeStep } from "./step.ts";
import { type Best, readState, readTensors, type TrainingState, writeState } from "./training-state.ts";
import { wholeStep } from "./whole-step.ts";

/** Gives batches, and its position in the data. A position is JSON; a loader that begins there gives the same batches again. */
interface Source<Batch, Position> {
  next(): Promise<Batch>;
  state(): Position;
  close(): Promise<void>;
}

export interface Validation {
  /** Decides which checkpoint is the best; lower is better. */
  readonly score: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface TrainingProgress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
}

/** How a caller follows and ends a training. */
export interface TrainingControls {
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Stops the training after the step in progress, with a checkpoint. It then throws the signal's reason; resuming takes the same steps. */
  readonly signal?: AbortSignal | undefined;
}

export interface Plan<Batch, Position> extends TrainingControls {
  readonly run: RunFolder;
  readonly options: OptimiserOptions;
  readonly objective: Objective;
  /** Parameters at the start. */
  readonly initial: () => Promise<Map<string, TensorValue>>;
  readonly loader: (position?: Position) => Source<Batch, Position>;
  readonly feeds: (batch: Batch, random: Random) => Record<string, Feed>;
  /** Judges the averaged parameters (the parameters if `ema` is 0) in a store. Absent if nothing is held out. */
  readonly validate?: ((store: Store) => Promise<Validation>) | undefined;
  /** Writes the model into the folder `pretrained_model`. `renamed` gives the store's name of a parameter to save. */
  readonly save: (folder: string, store: Store, renamed: (name: string) => string) => Promise<void>;
  /** Makes the step. Default: sharded over threads on a CPU, whole on other devices. */
  readonly makeStep?: StepFactory;
}

/** The parts of a plan that do not depend on the kind of batch. */
type AnyPlan = Omit<Plan<unknown, unknown>, "loader" | "feeds">;

/** A point of the learning curve. */
export interface CurvePoint {
  readonly step: number;
  /** Mean loss on training data since the point before. */
  readonly train?: number;
  /** The validation's score. */
  readonly heldOut?: number;
}

export interface Course {
  /** Folders of the last and of the best checkpoint, ready to be loaded or fine-tuned. */
  readonly last: string;
  readonly best: string;
  readonly bestStep: number;
  readonly curve: readonly CurvePoint[];
  /** The numbers of each validation. */
  readonly validations: readonly Readonly<Record<string, number>>[];
}

/** Steps between two updates of the weight averages. The decay is raised to this power. A validation updates them first. */
const averageEvery = 8;
/** Steps between two lines of metrics. */
const logEvery = 10;

/** Sharded over threads on a CPU, whole on other devices. */
const defaultStep: StepFactory = (objective, store, options) =>
  (options.device === "cpu" ? shardedStep : wholeStep)(objective, store, options);

/**
 * Trains from the start, or from the run's last checkpoint. A resumed training takes the same steps to the bit.
 * @throws PistarError "diverged" if the loss is no longer finite; the reason of `signal` if it stopped
 */
export async function optimise<Batch, Position>(plan: Plan<Batch, Position>): Promise<Course> {
  const { run, options, makeStep = defaultStep } = plan;
  const { steps, ema } = options;
  const resumed = run.last === undefined ? undefined : readState<Position>(run.last);
  const store = t.createStore(run.last === undefined ? await firstTensors(plan) : await readTensors(run.last));
  const stateNames = store.names; // the step may add entries of its own
  const stepOptions = { ...options, threads: options.threads ?? availableParallelism() };
  const training = await makeStep(plan.objective, store, stepOptions);
  const loader = plan.loader(resumed?.position ?? undefined);
  const judged = t.createStore();
  const log = openMetrics(run.path, resumed?.step ?? 0);
  const rateOf = (step: number) => t.warmupCosine(step, scheduleOf(options));
  const start = resumed?.step ?? 0;
  let best = resumed?.best ?? null;

  try {
    const means = runningMeans(resumed?.means);
    let unaveraged = resumed?.unaveraged ?? 0;
    let upcoming = start < steps ? prepare(plan, loader, start) : undefined;
    for (let step = start; step < steps; step++) {
      const { feeds, position } = await upcoming!;
      const running = takeStep(training, feeds, rateOf(step));
      // Assemble the next batch during this step.
      upcoming = step + 1 < steps ? prepare(plan, loader, step + 1) : undefined;
      upcoming?.catch(() => undefined);
      const numbers = await running;
      const done = step + 1;
      expectFinite(numbers.loss, done, plan);
      means.add(numbers);
      plan.onProgress?.({ step: done, steps, loss: numbers.loss });
      const pause = done % options.validateEvery === 0 || done === steps;
      unaveraged++;
      if (pause || unaveraged === averageEvery) {
        if (ema > 0) await training.average(ema ** unaveraged);
        unaveraged = 0;
      }
      if (pause || done % logEvery === 0) {
        const { stepsPerSecond, ...train } = means.take();
        log.add({ step: done, ...train, learningRate: rateOf(step), stepsPerSecond });
      }
      const stopped = plan.signal?.aborted === true && done < steps;
      if (!pause && !stopped) continue;
      await training.settle();
      const opened = { plan, store, stateNames, judged, log };
      const state = { step: done, position, best, unaveraged, means: means.state() };
      if (pause) best = await checkpoint(opened, state);
      else await save(opened, state, false);
      if (stopped) throw plan.signal!.reason;
      means.restartClock();
    }
    return courseOf(run, log.all, best?.step ?? steps, steps);
  } finally {
    await loader.close();
    await training.release();
    store.release();
    judged.release();
  }
}

/** Parameters, moments and averages before the first step. */
async function firstTensors({ initial, objective, options }: AnyPlan): Promise<(readonly [string, TensorValue])[]> {
  const parameters = await initial();
  const averages = options.ema > 0 ? t.emaInitial(parameters) : [];
  return [...parameters, ...optimiserStates(objective.parameters), ...averages];
}

const scheduleOf = ({ learningRate, warmup, steps, finalRate }: OptimiserOptions): t.ScheduleOptions => ({
  peak: learningRate,
  warmup: Math.min(warmup, steps - 1),
  total: steps,
  final: finalRate * learningRate,
});

/** The feeds of a step, and the position in the data after it. */
async function prepare<Batch, Position>(
  { feeds, options }: Plan<Batch, Position>,
  loader: Source<Batch, Position>,
  step: number,
): Promise<{ feeds: Record<string, Feed>; position: Position }> {
  const batch = await loader.next();
  const position = loader.state();
  return { feeds: feeds(batch, random(`${options.seed}/step/${step}`)), position };
}

function expectFinite(loss: number, step: number, { run, options }: AnyPlan): void {
  if (!Number.isFinite(loss))
    throw new PistarError(
      "diverged",
      `${run.path}: the loss of step ${step} is ${loss}; lower the learning rate (${options.learningRate}), ` +
        "or look for wrong values in the data (pistar dataset validate)",
      { path: run.path },
    );
}

interface Opened {
  readonly plan: AnyPlan;
  readonly store: Store;
  /** Entries of the store to resume from. */
  readonly stateNames: readonly string[];
  /** Holds the parameters during a validation. */
  readonly judged: Store;
  readonly log: MetricsLog;
}

/** Validates the parameters and writes a checkpoint. @returns the best checkpoint, which may be this one */
async function checkpoint(opened: Opened, state: TrainingState<unknown>): Promise<Best | null> {
  const { plan, store, judged, log } = opened;
  const { validate, objective } = plan;
  const { step, best } = state;
  const renamed = renamedBy(plan);
  let [better, found] = [!validate, best];
  if (validate) {
    for (const { node } of objective.parameters)
      await judged.write([[node.name!, await store.read(renamed(node.name!))]]);
    const { score, metrics } = await validate(judged);
    log.add({ step, "heldOut/score": score, ...metrics });
    better = best === null || score < best.score;
    if (better) found = { step, score };
  }
  await save(opened, { ...state, best: found }, better);
  return found;
}

/** Writes a checkpoint. @param better whether it is the best so far */
async function save(
  { plan, store, stateNames }: Opened,
  state: TrainingState<unknown>,
  better: boolean,
): Promise<void> {
  await plan.run.save(state.step, better, async (folder) => {
    const model = join(folder, "pretrained_model");
    mkdirSync(model);
    await plan.save(model, store, renamedBy(plan));
    await writeState(folder, state, store, stateNames);
  });
}

/** Names of the parameters to use: their averages, where there are any. */
const renamedBy = ({ options }: AnyPlan): ((name: string) => string) =>
  options.ema === 0 ? (name) => name : t.emaName;

function courseOf(
  run: RunFolder,
  metrics: readonly Readonly<Record<string, number>>[],
  bestStep: number,
  steps: number,
): Course {
  return {
    last: modelFolder(run, steps),
    best: modelFolder(run, bestStep),
    bestStep,
    curve: metrics.map((line) => ({
      step: line.step!,
      ...(line["train/loss"] !== undefined && { train: line["train/loss"] }),
      ...(line["heldOut/score"] !== undefined && { heldOut: line["heldOut/score"] }),
    })),
    validations: metrics.filter((line) => line["heldOut/score"] !== undefined),
  };
}
