// How a demonstrator works. People differ, and one person from hour to hour: fast and slow, straight and by detours, with clean grasps
// and with clumsy ones that are tried again. A data set of demonstrations holds them all.
import type { Random } from "../system/index.ts";

export interface Style {
  /** Of all motions, relative to a calm, steady pace (about 0.2 m/s of the gripper on its way). */
  readonly speed: number;
  /** Mean length of a pause before a motion, seconds. Half of all motions have none. */
  readonly hesitation: number;
  /** How far from the straight way free motions stray, metres. */
  readonly detour: number;
  /** Standard deviation of where objects are grasped and put down, metres on each axis; of angles in radians, twenty times as much. */
  readonly sloppiness: number;
  /** Grasps (or pushes) that are tried before it gives up. */
  readonly tries: number;
}

/** As quick and exact as the scripts can. */
export const bestStyle: Style = { speed: 1.4, hesitation: 0, detour: 0, sloppiness: 0, tries: 6 };

/** A style drawn as people's are: most demonstrations unhurried and nearly clean, some slow, some clumsy, some given up. */
export function sampleStyle(random: Random): Style {
  const uniform = (low: number, high: number) => low + random.uniform() * (high - low);
  const clumsy = random.uniform() < 0.3;
  return {
    speed: Math.exp(uniform(Math.log(0.45), Math.log(1.2))),
    hesitation: random.uniform() < 0.5 ? 0 : uniform(0, 0.6),
    detour: uniform(0, 0.05),
    sloppiness: clumsy ? uniform(0.004, 0.012) : uniform(0, 0.004),
    tries: clumsy ? 1 + random.integer(3) : 4,
  };
}
