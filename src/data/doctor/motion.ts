// Motion by states and actions: dead frames, jerks, and the delay from action to state.
import type { LeRobotDataset } from "../dataset.ts";
import type { Column } from "../types.ts";
import { asOption, type Finding, listed, percent } from "./finding.ts";
import { correlation, median } from "./numbers.ts";

/** What an episode does. */
export interface Motion {
  readonly episode: number;
  /** [frames, width], each component divided by its range over the dataset. */
  readonly actions: Float64Array;
  readonly states: Float64Array | undefined;
  readonly width: number;
  readonly frames: number;
}

const limits = {
  /** Of a component's range: steps below it are no motion. */
  still: 1e-4,
  /** Share of dead frames from which they are told. */
  deadShare: 0.2,
  /** Of a component's range, from one frame to the next. */
  jerk: 0.5,
  /** Frames of delay that are looked for. */
  delay: 15,
  /** Frames of delay that a policy with action chunks does not mind. */
  usualDelay: 6,
} as const;

export function motionFindings({ root, fps, features }: LeRobotDataset, motions: readonly Motion[]): Finding[] {
  if (!features.has("action"))
    return [
      {
        weight: "bad",
        text: 'There is no column "action".',
        mend: `pistar dataset edit rename ${root} ${root}-renamed STORED=action`,
      },
    ];
  return [...deadFindings(root, motions), ...jerkFindings(root, motions), ...delayFindings(root, fps, motions)];
}

/** Actions and states of all episodes; none without the column "action". */
export async function readMotions(dataset: LeRobotDataset): Promise<Motion[]> {
  if (!dataset.features.has("action")) return [];
  const state = dataset.features.has("observation.state") ? "observation.state" : undefined;
  const read: { episode: number; action: Float64Array; state: Float64Array | undefined; frames: number }[] = [];
  for (const { index, length } of dataset.episodes) {
    const columns = await dataset.columns(index, ["action", ...(state ? [state] : [])]);
    const own = state ? numbers(columns.get(state)!) : undefined;
    read.push({ episode: index, action: numbers(columns.get("action")!), state: own, frames: length });
  }
  const width = (read[0]?.action.length ?? 0) / Math.max(1, read[0]?.frames ?? 1);
  const scale = ranges(
    read.map(({ action }) => action),
    width,
  );
  const scaled = (values: Float64Array) => values.map((value, at) => value / scale[at % width]!);
  return read.map(({ episode, action, state: own, frames }) => ({
    episode,
    actions: scaled(action),
    states: own?.length === action.length ? scaled(own) : undefined,
    width,
    frames,
  }));
}

const numbers = ({ data }: Column) => Float64Array.from(data as ArrayLike<number>, Number);

/** The range of each component, at most four times that of a usual episode: one odd episode must not hide the others. */
function ranges(columns: readonly Float64Array[], width: number): number[] {
  return Array.from({ length: width }, (_, at) => {
    let [lowest, highest] = [Infinity, -Infinity];
    const own = columns.map((values) => {
      let [low, high] = [Infinity, -Infinity];
      for (let i = at; i < values.length; i += width) {
        low = Math.min(low, values[i]!);
        high = Math.max(high, values[i]!);
      }
      [lowest, highest] = [Math.min(lowest, low), Math.max(highest, high)];
      return Math.max(0, high - low);
    });
    const whole = highest - lowest;
    const usual = 4 * median(own);
    return usual > 0 && usual < whole ? usual : whole > 0 ? whole : 1;
  });
}

/** The largest step of a component from a frame to the next. */
export function steps({ actions, width, frames }: Pick<Motion, "actions" | "width" | "frames">): number[] {
  return Array.from({ length: Math.max(0, frames - 1) }, (_, frame) => {
    let largest = 0;
    for (let at = 0; at < width; at++)
      largest = Math.max(largest, Math.abs(actions[(frame + 1) * width + at]! - actions[frame * width + at]!));
    return largest;
  });
}

function deadFindings(root: string, motions: readonly Motion[]): Finding[] {
  const still = motions.map((motion) => steps(motion).filter((step) => step < limits.still).length);
  const total = motions.reduce((sum, { frames }) => sum + Math.max(0, frames - 1), 0);
  const share = still.reduce((sum, count) => sum + count, 0) / Math.max(1, total);
  const dead = motions.flatMap(({ episode, frames }, at) => (frames > 1 && still[at] === frames - 1 ? [episode] : []));
  const findings: Finding[] = [];
  if (dead.length > 0)
    findings.push({
      weight: "care",
      text: `Nothing moves in episodes ${listed(dead)}.`,
      mend: `pistar dataset edit delete ${root} ${root}-cleaned --episodes ${asOption(dead)}`,
    });
  if (share > limits.deadShare)
    findings.push({
      weight: "care",
      text: `In ${percent(share)} of the frames no action changes; a policy learns from them to stand still.`,
      mend: `pistar dataset edit cut ${root} ${root}-cut --episode N --from FRAME --to FRAME`,
    });
  return findings;
}

function jerkFindings(root: string, motions: readonly Motion[]): Finding[] {
  // A gripper with two positions always jumps. Such components are left out.
  const long = motions.filter((motion) => motion.frames > 2);
  const found = long.flatMap((motion) => {
    const jumps: number[] = [];
    for (let at = 0; at < motion.width; at++) {
      const values = Float64Array.from(
        { length: motion.frames },
        (_, frame) => motion.actions[frame * motion.width + at]!,
      );
      if (new Set(values).size <= 4) continue;
      const one = steps({ actions: values, width: 1, frames: motion.frames });
      one.forEach((step, frame) => {
        if (step > limits.jerk) jumps.push(frame);
      });
    }
    return jumps.length > 0 ? [motion.episode] : [];
  });
  if (found.length === 0) return [];
  return [
    {
      weight: "care",
      text: `Actions jump by over half their range from one frame to the next in episodes ${listed(found)}.`,
      mend: `pistar dataset show ${root} ${found[0]} --columns action`,
    },
  ];
}

/** The delay at which states follow actions best, by the steps of both. */
function delayFindings(root: string, fps: number, motions: readonly Motion[]): Finding[] {
  const delays = motions.flatMap(({ actions, states, width, frames }) => {
    if (!states || frames < 3 * limits.delay) return [];
    const [a, s] = [steps({ actions, width, frames }), steps({ actions: states, width, frames })];
    const scores = Array.from({ length: limits.delay + 1 }, (_, delay) =>
      correlation(a.slice(0, a.length - delay), s.slice(delay)),
    );
    const best = Math.max(...scores);
    return best > 0.3 ? [scores.indexOf(best)] : [];
  });
  if (delays.length === 0) return [];
  const delay = median(delays);
  const text = `States follow actions after ${delay} frames (${Math.round((1000 * delay) / fps)} ms)`;
  if (delay > limits.usualDelay)
    return [
      {
        weight: "care",
        text: `${text}; a policy must plan further ahead than that.`,
        mend: `pistar train ${root} --out RUN --horizon ${Math.ceil(3 * delay)}`,
      },
    ];
  return [{ weight: "good", text: `${text}.` }];
}
