// One episode: the control loop. Every control period the operator decides who acts, whoever it is says where to go, the robot goes there,
// and the judge looks. What was sent and seen is recorded.
import { nobody } from "../data/index.ts";
import type { Control, Observation, Operator, Robot, Tick } from "../robot/index.ts";
import { type Driver, faultOf, type Trouble } from "../robot/index.ts";
import { type FrameSink, frameValues } from "./recording.ts";
import { controlAfter } from "./take-over.ts";

export interface EpisodeOptions {
  readonly seed: number;
  /** Seconds after which an episode that has not succeeded is a failure. */
  readonly timeLimit: number;
  readonly robot: Robot;
  /** Acts unless the operator has taken over. */
  readonly driver: Driver;
  readonly operator?: Operator;
  /** Called at the beginning, after the robot's reset; what it returns is asked after every period whether the episode has succeeded. */
  readonly judge?: () => () => boolean;
  /** Where frames go; without it nothing is recorded. The caller saves or discards the episode by its outcome. */
  readonly sink?: FrameSink;
  /** Passes control periods of a simulated robot at their real rate. Real robots keep time themselves. */
  readonly realTime?: boolean;
}

/** How an episode went. */
export interface EpisodeResult {
  readonly seed: number;
  readonly outcome: "success" | "failure" | "discarded";
  /** Control periods, and the time they take. */
  readonly steps: number;
  readonly seconds: number;
  /** Times that the operator took over, and periods in which it acted. */
  readonly takeOvers: number;
  readonly correctedSteps: number;
  /** What kept policy or operator from acting: at most 20, the earliest. */
  readonly troubles: readonly Trouble[];
}

const maxTroubles = 20;

/** Runs one episode from the robot's reset to its end. Fails where the robot does; what a policy does wrong is in the result. */
export async function runEpisode(options: EpisodeOptions): Promise<EpisodeResult> {
  const { robot, driver, operator, seed } = options;
  try {
    await robot.reset(seed);
    await driver.reset(seed);
    operator?.reset(seed);
    return await controlLoop(options);
  } finally {
    driver.interrupt();
    operator?.release();
  }
}

async function controlLoop({
  robot,
  driver,
  operator,
  judge,
  sink,
  seed,
  timeLimit,
  realTime,
}: EpisodeOptions): Promise<EpisodeResult> {
  const periods = Math.round(timeLimit * robot.fps);
  const succeeded = judge?.() ?? (() => false);
  const troubles: Trouble[] = [];
  let control: Control = "autonomous";
  let [step, takeOvers, correctedSteps] = [0, 0, 0];
  let held = false;
  let outcome: EpisodeResult["outcome"] | undefined;
  /** Written once it is known whether the episode ends with it. */
  let frame: Parameters<typeof frameValues>[0] | undefined;
  let sent: Float32Array | undefined;
  const begin = performance.now();
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
    const decision = operator?.decide(tick) ?? "continue";
    if (decision === "success" || decision === "failure" || decision === "discard") {
      outcome = decision === "discard" || step === 0 ? "discarded" : decision;
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
        outcome = step === 0 ? "discarded" : "failure";
        break;
      }
    } else if (control === "correcting") targets = operator!.targets({ ...tick, control });
    const fault = targets && faultOf(targets, robot.joints);
    if (fault) {
      report(...fault);
      targets = undefined;
    }
    held = targets === undefined && control === "autonomous";
    // Holding still is going where it was sent last.
    const goal: ArrayLike<number> = targets ?? sent ?? (await observe()).state;
    const action = Float32Array.from(robot.joints, ({ range: [low, high] }, i) =>
      Math.min(high, Math.max(low, goal[i]!)),
    );
    const correcting = control === "correcting" && targets !== undefined;
    if (correcting) correctedSteps++;
    if (sink) {
      if (frame) await sink.addFrame(frameValues(frame), frame.observation.task);
      const actor = targets === undefined ? nobody : correcting ? operator!.id : driver.id;
      frame = { observation: await observe(), action, actor, intervention: correcting };
    }
    if (realTime) await until(begin + (1000 * (step + 1)) / robot.fps);
    await robot.act(action);
    sent = action;
    step++;
    if (succeeded()) outcome = "success";
    else if (step >= periods) outcome = "failure";
  }
  if (sink && frame && outcome !== "discarded")
    await sink.addFrame(frameValues({ ...frame, end: outcome }), frame.observation.task);
  return { seed, outcome, steps: step, seconds: step / robot.fps, takeOvers, correctedSteps, troubles };
}

function until(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, time - performance.now())));
}
