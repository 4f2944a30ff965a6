// An evaluated episode run again, with a camera for people, and the value function's opinion of every picture.
// The same policy, scene and seed give the same episode. The film only looks on.
import type { Image } from "../data/index.ts";
import type { LoadedValue } from "../policy/index.ts";
import type { Observation } from "../robot/index.ts";
import type { Assignment, EpisodeRunner } from "../rollout/index.ts";
import { type Viewpoint, World } from "../sim/index.ts";

/** From the left front. Table, arm and the objects of every task are in the picture. */
const viewpoint = { from: [0.58, 0.4, 0.4], towards: [0.15, 0, 0.065], fovy: 38 } as const satisfies Partial<Viewpoint>;

export interface FilmOptions {
  readonly value: LoadedValue;
  /** Control periods from one picture to the next. */
  readonly every: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** A picture and a value for each moment; the last is the episode's end. */
export interface Filmed {
  readonly instruction: string;
  readonly success: boolean;
  /** Length of the episode. */
  readonly seconds: number;
  /** Pictures a second. */
  readonly fps: number;
  readonly pictures: readonly Image[];
  /** The value function's normalised returns, −1 to 0. */
  readonly values: readonly number[];
}

/** Observations valued in one pass. */
const valuedAtOnce = 64;

/** @throws Error if the runner's robot is not simulated, or the episode cannot be run */
export async function filmEpisode(
  runner: EpisodeRunner,
  assignment: Assignment,
  { value, every, width, height }: FilmOptions,
): Promise<Filmed> {
  const { robot: world } = (await runner.prepare(assignment)).station;
  if (!(world instanceof World)) throw new Error(`Expected a simulated robot to film, got ${world.type}`);
  const pictures: Image[] = [];
  const seen: Promise<Observation>[] = [];
  const look = () => {
    pictures.push(world.lookFrom({ ...viewpoint, width, height }));
    seen.push(world.observe());
  };
  const onPeriod = ({ step }: { readonly step: number }) => {
    if (step % every === 0) look();
  };
  const { result } = await runner.run(assignment, { onPeriod });
  if (result.steps % every !== 1) look();
  return {
    instruction: world.instruction,
    success: result.outcome === "success",
    seconds: result.seconds,
    fps: world.fps / every,
    pictures,
    values: await valuesOf(value, await Promise.all(seen)),
  };
}

async function valuesOf(value: LoadedValue, observations: readonly Observation[]): Promise<number[]> {
  const values: number[] = [];
  for (let begin = 0; begin < observations.length; begin += valuedAtOnce)
    values.push(...(await value.values(observations.slice(begin, begin + valuedAtOnce))));
  return values;
}
