// Baseline policies without any knowledge.
import type { Joint, Policy } from "../robot/index.ts";
import { type Random, random } from "../system/index.ts";

/** Actions of a chunk. */
const horizon = 10;

/** Moves to one uniformly random pose after another. Each chunk is one move. */
export function randomPolicy(joints: readonly Joint[]): Policy {
  let ofEpisode: Random = random(0);
  return {
    id: "random",
    async reset(seed) {
      ofEpisode = random(seed).split("random policy");
    },
    async infer({ state, seed }) {
      const generator = seed ? random(seed[0]).split("random policy").split(seed[1]) : ofEpisode;
      const goal = joints.map(({ range: [low, high] }) => low + generator.uniform() * (high - low));
      const actions = new Float32Array(horizon * joints.length);
      for (let step = 0; step < horizon; step++)
        for (const [i, end] of goal.entries())
          actions[step * joints.length + i] = state[i]! + ((end - state[i]!) * (step + 1)) / horizon;
      return { actions, horizon };
    },
    async close() {},
  };
}

/** Holds still. */
export function stillPolicy(): Policy {
  return {
    id: "still",
    async reset() {},
    async infer({ state }) {
      const actions = new Float32Array(horizon * state.length);
      for (let step = 0; step < horizon; step++) actions.set(state, step * state.length);
      return { actions, horizon };
    },
    async close() {},
  };
}
