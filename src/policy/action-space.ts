// Converts between the robot's units and the network's. Actions become differences to the state (openpi's
// DeltaActions); then states and actions are normalised. B samples, H steps of a chunk, S and A numbers of the
// network's state and action. A robot with fewer numbers is padded with zeros.
import { type BatchSource, type NormalizationMode, type Normalizer, normalizer, RunningStats } from "../data/index.ts";

export type Mode = Exclude<NormalizationMode, "min_max">;

/**
 * Two measures of each number, as 32-bit floats like in the checkpoint: q01 and q99, or mean and standard deviation.
 */
export interface Scaling {
  readonly mode: Mode;
  readonly measures: readonly [Float32Array, Float32Array];
}

export interface ActionSpace {
  readonly state: Scaling;
  readonly actions: Scaling;
  readonly deltaActions: readonly boolean[];
}

export const measureNames = { quantiles: ["q01", "q99"], mean_std: ["mean", "std"] } as const;

/** Least scale, in the robot's units. Numbers that hardly move are not blown up. */
const least = 1e-3;

/** The normaliser (x − center) / scale of the mode. */
export function normalizerOf({ mode, measures: [first, second] }: Scaling): Normalizer {
  const [a, b] = measureNames[mode];
  const { center, scale } = normalizer({ [a]: [...first], [b]: [...second] }, mode);
  return { center, scale: scale.map((unit) => Math.max(unit, least)) };
}

/** Most frames for the statistics of chunks. */
const sampledChunks = 20_000;

/** Statistics of states and of (relative) action chunks, over the sources' frames. */
export function fitActionSpace(
  sources: readonly BatchSource[],
  horizon: number,
  deltaActions: readonly boolean[],
  mode: Mode,
): ActionSpace {
  const stateStats = new RunningStats(sources[0]!.stateSize);
  const actionStats = new RunningStats(deltaActions.length);
  const total = sources.reduce((sum, { frames }) => sum + frames.length, 0);
  for (const source of sources) {
    for (const frame of everyNth(source.frames, Math.ceil(total / sampledChunks))) {
      stateStats.add(source.state.subarray(frame * source.stateSize, (frame + 1) * source.stateSize));
      actionStats.add(relativeChunk(source, frame, horizon, deltaActions));
    }
  }
  const scaling = (stats: RunningStats): Scaling => {
    const result = stats.result();
    const [first, second] = measureNames[mode];
    return { mode, measures: [Float32Array.from(result[first]), Float32Array.from(result[second])] };
  };
  return { state: scaling(stateStats), actions: scaling(actionStats), deltaActions };
}

export const everyNth = (frames: Int32Array, n: number): Int32Array => frames.filter((_, at) => at % n === 0);

/**
 * The actions from a frame on, up to `horizon` and to the chunk's end: [steps, A]. They are relative wherever actions
 * are learned so.
 */
export function relativeChunk(
  { chunkEnds, actions, actionSize, state, stateSize }: BatchSource,
  frame: number,
  horizon: number,
  deltaActions: readonly boolean[],
): Float32Array {
  const chunk = actions.slice(frame * actionSize, Math.min(chunkEnds[frame]!, frame + horizon) * actionSize);
  return relative(chunk, state.subarray(frame * stateSize, (frame + 1) * stateSize), deltaActions, -1);
}

/** Adds `sign` times the state to relative actions. It changes `chunk` [steps, A]. */
function relative(
  chunk: Float32Array,
  state: Float32Array,
  deltaActions: readonly boolean[],
  sign: 1 | -1,
): Float32Array {
  const size = deltaActions.length;
  for (let i = 0; i < chunk.length; i++) if (deltaActions[i % size]) chunk[i]! += sign * state[i % size]!;
  return chunk;
}

/** A converter of samples for a network with state [S] and actions [A]. */
export interface ActionConverter {
  /** One state of the robot → [S], normalised. */
  state(state: Float32Array): Float32Array;
  /** One chunk [H, robot's] and its state → [H, A], normalised. */
  toModel(chunk: Float32Array, state: Float32Array): Float32Array;
  /** The inverse of `toModel`: [H, A] → [H, robot's]. */
  toRobot(chunk: Float32Array, state: Float32Array): Float32Array;
}

export function actionConverter(space: ActionSpace, stateSize: number, actionSize: number): ActionConverter {
  const { deltaActions } = space;
  const states = normalizerOf(space.state);
  const actions = normalizerOf(space.actions);
  const size = deltaActions.length;
  const given = states.center.length;
  return {
    state(state) {
      if (state.length !== given) throw new RangeError(`Expected a state of ${given} numbers, got ${state.length}`);
      const scaled = new Float32Array(stateSize);
      for (let i = 0; i < given; i++) scaled[i] = (state[i]! - states.center[i]!) / states.scale[i]!;
      return scaled;
    },
    toModel(chunk, state) {
      const moved = relative(chunk.slice(), state, deltaActions, -1);
      const scaled = new Float32Array((chunk.length / size) * actionSize);
      for (const [i, x] of moved.entries())
        scaled[Math.floor(i / size) * actionSize + (i % size)] =
          (x - actions.center[i % size]!) / actions.scale[i % size]!;
      return scaled;
    },
    toRobot(chunk, state) {
      const steps = chunk.length / actionSize;
      const moved = Float32Array.from({ length: steps * size }, (_, i) => {
        const x = chunk[Math.floor(i / size) * actionSize + (i % size)]!;
        return x * actions.scale[i % size]! + actions.center[i % size]!;
      });
      return relative(moved, state, deltaActions, 1);
    },
  };
}
