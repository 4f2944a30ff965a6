// A toy world whose values are known: a walk on the places 0 to 4. Place 4 is the goal, and 0 a pit; nobody leaves either. The judge wants the
// goal for two control periods.
import type { EpisodeSetting, Robot, Station, Stations } from "../../src/robot/index.ts";

export const [pit, goal] = [0, 4];
export const fps = 4;
/** Control periods of an episode at most. */
export const periods = 12;
/** Periods that the goal must hold. */
const hold = 2;
/** Probability of a step up by walking-policy.ts. */
export const up = 0.6;

interface Place {
  readonly at: number;
  readonly since: number;
}

/** The place after a step, and the periods that the goal has held. */
export function after({ at, since }: Place, step: number): Place {
  const next = at === pit || at === goal ? at : at + step;
  return { at: next, since: next === goal ? since + 1 : 0 };
}

/**
 * The exact value: the expected normalised return of a walk that goes up with probability `p`.
 * @param period control periods before
 * @param unit steps per unit of value
 */
export function exactValue(place: Place, period: number, p: number, unit: number, passed = 0): number {
  const outcomes = [[1, p] as const, [-1, 1 - p] as const].filter(([, probability]) => probability > 0);
  return outcomes.reduce((sum, [step, probability]) => {
    const next = after(place, step);
    if (next.since >= hold) return sum - probability * (passed / unit);
    if (period + 1 >= periods) return sum - probability;
    return sum + probability * exactValue(next, period + 1, p, unit, passed + 1);
  }, 0);
}

export const stations: Stations = {
  setting: ({ task, difficulty = 1, randomise }: Parameters<Stations["setting"]>[0]): EpisodeSetting => ({
    task,
    difficulty,
    randomise,
  }),
  async open(): Promise<Station> {
    let place: Place = { at: 2, since: 0 };
    const robot: Robot = {
      type: "walker",
      joints: [{ name: "place.pos", range: [-1, 5] }],
      cameras: [],
      fps,
      realTime: false,
      async reset({ seed }) {
        place = { at: 1 + (seed % 3), since: 0 };
      },
      observe: async () => ({ images: {}, state: Float32Array.of(place.at), task: "walk to the goal" }),
      async act(targets) {
        place = after(place, Math.sign(targets[0]! - place.at));
      },
      hold: async () => {},
      health: async () => ({ joints: [], lateTicks: 0 }),
      close: async () => {},
    };
    return {
      robot,
      timeLimit: periods / fps,
      operator: {
        id: "judge",
        reset() {},
        decide: () => "continue",
        targets: () => undefined,
        judge: () => place.since >= hold,
        release() {},
      },
      moments: {
        saveMoment: () => place,
        restoreMoment(moment) {
          place = moment as Place;
        },
      },
      close: async () => {},
    };
  },
};
