// One episode: the control loop. In every control period the operator decides who acts, the actor gives joint targets, the robot goes there,
// and the operator judges. The loop records the observation and the action of each period.
import { nobody, type SaidSubtask } from "../data/index.ts";
import {
  type Control,
  type Driver,
  faultOf,
  type Observation,
  type Operator,
  type Rewindable,
  type Robot,
  type Tick,
  type Trouble,
} from "../robot/index.ts";
import { type Frame, type FrameSink, frameValues } from "./recording.ts";
import { controlAfter } from "./take-over.ts";

/** A control period that has passed, for a live view or a logger. */
export interface Period {
  readonly step: number;
  /** Since the episode began, in the robot's time. */
  readonly seconds: number;
  /** Seen before the action. */
  readonly observation: Observation;
  readonly control: Control;
  /** Who acted: the driver's or the operator's id, or nobody's. */
  readonly actor: string;
  /** What was sent to the robot, [joints]. */
  readonly action: Float32Array;
  /** What driver or operator, whoever acts, says that it does. */
  readonly subtask?: string;
  /** Value of the observation, −1 to 0, if the episode has a value function. */
  readonly value?: number;
}

/** A moment of an earlier episode to continue at. */
export interface SavedMoment {
  /** Control periods before it. */
  readonly step: number;
  /** As `Rewindable.saveMoment` gave it. */
  readonly moment: unknown;
}

export interface EpisodeOptions {
  readonly seed: number;
  /**
   * Begins at a saved moment instead of at the robot's reset. The driver begins anew there: it knows nothing of the actions before. Steps
   * and the time limit count from the beginning of the earlier episode.
   */
  readonly from?: SavedMoment & { readonly moments: Rewindable };
  /** The instruction (default: the robot's own for the seed). */
  readonly instruction?: string;
  /** Seconds after which an episode without success is a failure. */
  readonly timeLimit: number;
  readonly robot: Robot;
  /** Acts unless the operator has taken over. */
  readonly driver: Driver;
  /** Watches, takes over, judges. Without one the episode ends at its time limit. */
  readonly operator?: Operator;
  /** Takes the frames. Without it nothing is recorded. The caller saves or discards the episode by its outcome. */
  readonly sink?: FrameSink;
  /** Told each control period once it has passed. */
  readonly onPeriod?: (period: Period) => void;
  /** Ends the episode at its next control period. It is then discarded. */
  readonly signal?: AbortSignal;
  /** Gives the value of an observation, for `onPeriod`. */
  readonly value?: (observation: Observation) => Promise<number>;
}

/** The result of an episode. */
export interface EpisodeResult {
  readonly seed: number;
  readonly outcome: "success" | "failure" | "discarded";
  /** Control periods, and the time they take. Those before `from` count too. */
  readonly steps: number;
  readonly seconds: number;
  /** Seconds of the reset before it, with a person who put the scene back. Absent in simulated time. */
  readonly resetSeconds?: number;
  /** How often the operator took over, and the periods in which it acted. */
  readonly takeOvers: number;
  readonly correctedSteps: number;
  /** What driver and operator said that they do, from the first recorded frame on. */
  readonly subtasks: readonly SaidSubtask[];
  /** Faults of policy and operator: at most 20, the earliest. */
  readonly troubles: readonly Trouble[];
}

const maxTroubles = 20;

/**
 * Runs one episode from the robot's reset to its end. However it ends, the robot then holds still.
 * @throws whatever the robot throws; a policy's faults are in the result
 */
export async function runEpisode(options: EpisodeOptions): Promise<EpisodeResult> {
  const { robot, driver, operator, seed, instruction, from } = options;
  try {
    const start = performance.now();
    if (!from) await robot.reset({ seed, instruction });
    const resetSeconds = (performance.now() - start) / 1000;
    await driver.reset(seed);
    operator?.reset(seed);
    from?.moments.restoreMoment(from.moment);
    return { ...(await controlLoop(options)), ...(robot.realTime && { resetSeconds }) };
  } finally {
    driver.interrupt();
    operator?.release();
    await robot.hold();
  }
}

async function controlLoop(options: EpisodeOptions): Promise<EpisodeResult> {
  const { robot, driver, operator, sink, seed } = options;
  const periods = Math.round(options.timeLimit * robot.fps);
  const troubles: Trouble[] = [];
  let control: Control = "autonomous";
  const first = options.from?.step ?? 0;
  let [step, takeOvers, correctedSteps] = [first, 0, 0];
  let held = false;
  let outcome: EpisodeResult["outcome"] | undefined;
  /** Written once it is known whether the episode ends with it. */
  let frame: Frame | undefined;
  let sent: Float32Array | undefined;
  const subtasks: SaidSubtask[] = [];
  const report = (kind: Trouble["kind"], message: string) => {
    if (troubles.length < maxTroubles) troubles.push({ step, kind, message });
  };

  while (!outcome) {
    let seen: Promise<Observation> | undefined;
    const observe = () => {
      seen ??= robot.observe();
      return seen;
    };
    const tick: Tick = { step, seconds: step / robot.fps, control, held };
    const decision = options.signal?.aborted ? "discard" : (operator?.decide(tick) ?? "continue");
    if (decision === "success" || decision === "failure" || decision === "discard") {
      outcome = decision === "discard" || step === first ? "discarded" : decision;
      break;
    }
    const before: Control = control;
    control = controlAfter(before, decision);
    if (before === "autonomous" && control !== before) {
      driver.interrupt();
      takeOvers++;
    }

    let targets: ArrayLike<number> | undefined;
    if (control === "autonomous") {
      targets = await driver.next({ step, observe, report });
      if (driver.finished) {
        outcome = step === first ? "discarded" : "failure";
        break;
      }
    } else if (control === "correcting") targets = operator!.targets({ ...tick, control });
    const fault = targets && faultOf(targets, robot.joints);
    if (fault) {
      report(...fault);
      targets = undefined;
    }
    held = targets === undefined && control === "autonomous";
    // To hold still is to go where it was sent last.
    const action = clamped(targets ?? sent ?? (await observe()).state, robot);
    const correcting = control === "correcting" && targets !== undefined;
    if (correcting) correctedSteps++;
    const actor = targets === undefined ? nobody : correcting ? operator!.id : driver.id;
    const subtask = (control === "autonomous" ? driver.subtask : operator?.subtask) ?? null;
    if (subtask !== (subtasks.at(-1)?.content ?? null))
      subtasks.push({ timestamp: (step - first) / robot.fps, content: subtask });
    if (sink) {
      if (frame) await sink.addFrame(frameValues(frame), frame.observation.task);
      frame = { observation: await observe(), action, actor, intervention: correcting };
    }
    if (options.onPeriod) await observe();
    await robot.act(action);
    if (options.onPeriod) {
      const observation = await observe();
      const value = await options.value?.(observation);
      options.onPeriod({
        step,
        seconds: tick.seconds,
        observation,
        control,
        actor,
        action,
        ...(subtask !== null && { subtask }),
        ...(value !== undefined && { value }),
      });
    }
    sent = action;
    step++;
    if (operator?.judge?.()) outcome = "success";
    else if (step >= periods) outcome = "failure";
  }
  if (sink && frame && outcome !== "discarded")
    await sink.addFrame(frameValues({ ...frame, end: outcome }), frame.observation.task);
  return { seed, outcome, steps: step, seconds: step / robot.fps, takeOvers, correctedSteps, subtasks, troubles };
}

const clamped = (targets: ArrayLike<number>, { joints }: Robot): Float32Array =>
  Float32Array.from(joints, ({ range: [low, high] }, i) => Math.min(high, Math.max(low, targets[i]!)));
