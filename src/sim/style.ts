// The style of a demonstrator. People differ, and vary from hour to hour: fast or slow, straight or by detours, with
// clean grasps or clumsy ones tried again. A dataset of demonstrations holds them all.
import type { Random } from "../system/index.ts";

/** Traits of a demonstrator. */
export interface Style {
  /** Speed of all motions, relative to a calm, steady pace (about 0.2 m/s of the gripper on its way). */
  readonly speed: number;
  /** Mean length of a pause before a motion, seconds. Half of all motions have none. */
  readonly hesitation: number;
  /** Deviation of free motions from the straight path, metres. */
  readonly detour: number;
  /**
   * Standard deviation of grasp and place positions, metres on each axis. For angles in radians it is twenty times as
   * much.
   */
  readonly sloppiness: number;
  /** Attempts at a grasp or push before giving up. */
  readonly tries: number;
}

/** The fastest and most exact style of the scripts. */
export const bestStyle: Style = { speed: 1.4, hesitation: 0, detour: 0, sloppiness: 0, tries: 6 };

/**
 * Draws a style as people have it: most demonstrations are unhurried and nearly clean, some slow, some clumsy, some
 * given up.
 */
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
