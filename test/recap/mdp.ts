// Small decision processes with exact numbers: V of any policy, and what RECAP makes of a policy from labels by pistar's own functions.
import { advantageIndicators, advantages, taskThresholds } from "../../src/recap/index.ts";
import { type Random, random } from "../../src/system/index.ts";

/** A probability or number for each state and action. */
export type Table = readonly (readonly number[])[];

export interface Mdp {
  /** [states] */
  readonly start: readonly number[];
  readonly rewards: Table;
  /** [states][actions][states]; what is missing to 1 ends the episode. */
  readonly next: readonly Table[];
}

/** Random rewards from −1 to 0 and transitions. Episodes have about eight steps. */
export function randomMdp(seed: number, states = 5, actions = 3): { mdp: Mdp; reference: Table } {
  const rng = random(seed);
  const simplex = (size: number) => {
    const drawn = Array.from({ length: size }, () => -Math.log(1 - rng.uniform()));
    const sum = drawn.reduce((a, b) => a + b, 0);
    return drawn.map((x) => x / sum);
  };
  const table = (of: () => number) => Array.from({ length: states }, () => Array.from({ length: actions }, of));
  const rewards = table(() => -rng.uniform());
  const next = Array.from({ length: states }, () =>
    Array.from({ length: actions }, () => {
      const goesOn = 0.8 + 0.15 * rng.uniform();
      return simplex(states).map((p) => goesOn * p);
    }),
  );
  return {
    mdp: { start: simplex(states), rewards, next },
    reference: Array.from({ length: states }, () => simplex(actions)),
  };
}

/** V^π of each state: the solution of V = r_π + P_π V. */
export function valuesOf({ rewards, next }: Mdp, policy: Table): number[] {
  const rows = rewards.map((ofState, s) => [
    ...rewards.map((_, other) => Number(s === other) - dot(policy[s]!, (a) => next[s]![a]![other]!)),
    dot(policy[s]!, (a) => ofState[a]!),
  ]);
  // Gauss–Jordan. 1 − P_π is diagonally dominant, so no pivoting is needed.
  for (const [at, pivot] of rows.entries()) {
    const scale = pivot[at]!;
    for (let column = at; column < pivot.length; column++) pivot[column]! /= scale;
    for (const [other, row] of rows.entries()) {
      const factor = row[at]!;
      if (other !== at && factor !== 0)
        for (let column = at; column < row.length; column++) row[column]! -= factor * pivot[column]!;
    }
  }
  return rows.map((row) => row.at(-1)!);
}

/** J, the expected return. */
export const expectedReturn = (mdp: Mdp, policy: Table): number => dot(mdp.start, (s) => valuesOf(mdp, policy)[s]!);

/** A^π(s, a) = Σ p(s') · (one-step advantage by way of s'). */
export function advantagesOf({ rewards, next }: Mdp, values: readonly number[]): number[][] {
  return rewards.map((ofState, s) =>
    ofState.map((reward, a) => {
      const onward = next[s]![a]!;
      const over = (to: readonly number[]) =>
        advantages(new Float64Array([reward, 0].slice(0, to.length)), Float64Array.from(to), 1)[0]!;
      const ends = 1 - onward.reduce((sum, p) => sum + p, 0);
      return dot(onward, (to) => over([values[s]!, values[to]!])) + ends * over([values[s]!]);
    }),
  );
}

/** I for each state and action: whether the advantage is above the threshold by which `share` of all of them are positive. */
export function indicatorsOf(table: Table, share: number): number[][] {
  const flat = Float64Array.from(table.flat());
  const tasks = new Uint8Array(flat.length);
  const labels = advantageIndicators(flat, tasks, taskThresholds(flat, tasks, share));
  let at = 0;
  return table.map((row) => row.map(() => labels[at++]!));
}

/** π̂ ∝ π_ref · p(I | A)^β. A state without a positive action keeps the reference. */
export function conditioned(reference: Table, improvement: Table, beta = 1): number[][] {
  return reference.map((row, s) => {
    const weighted = row.map((p, a) => p * improvement[s]![a]! ** beta);
    const sum = weighted.reduce((a, b) => a + b, 0);
    return sum > 0 ? weighted.map((p) => p / sum) : [...row];
  });
}

/** A sampled episode: states, actions and rewards of each step. */
interface Episode {
  readonly states: number[];
  readonly actions: number[];
  readonly rewards: number[];
}

function sampled({ start, rewards, next }: Mdp, policy: Table, rng: Random): Episode {
  const draw = (weights: readonly number[]) => {
    let left = rng.uniform();
    return weights.findIndex((p) => {
      left -= p;
      return left < 0;
    });
  };
  const episode: Episode = { states: [], actions: [], rewards: [] };
  for (let state = Math.max(0, draw(start)); state >= 0; ) {
    const action = Math.max(0, draw(policy[state]!));
    episode.states.push(state);
    episode.actions.push(action);
    episode.rewards.push(rewards[state]![action]!);
    state = draw(next[state]![action]!);
  }
  return episode;
}

/** What RECAP makes of sampled episodes with β = 1: the share of each action among the positive frames of a state. */
export function recapFromEpisodes(
  mdp: Mdp,
  reference: Table,
  { episodes, lookahead, share, seed }: { episodes: number; lookahead: number; share: number; seed: number },
): number[][] {
  const rng = random(seed).split("episodes");
  const data = Array.from({ length: episodes }, () => sampled(mdp, reference, rng));
  const toEnd = data.map(({ rewards }) =>
    advantages(Float64Array.from(rewards), new Float64Array(rewards.length), Infinity),
  );
  // V: the mean return of the frames of a state.
  const values = reference.map((_, s) => {
    const seen = data.flatMap(({ states }, e) => states.flatMap((at, t) => (at === s ? [toEnd[e]![t]!] : [])));
    return seen.reduce((a, b) => a + b, 0) / Math.max(1, seen.length);
  });
  const found = Float64Array.from(
    data.flatMap(({ rewards, states }) => [
      ...advantages(
        Float64Array.from(rewards),
        Float64Array.from(states, (s) => values[s]!),
        lookahead,
      ),
    ]),
  );
  const tasks = new Uint8Array(found.length);
  const labels = advantageIndicators(found, tasks, taskThresholds(found, tasks, share));
  const positives = reference.map((row) => row.map(() => 0));
  const frames = data.flatMap(({ states, actions }) => states.map((s, t): [number, number] => [s, actions[t]!]));
  for (const [at, [s, a]] of frames.entries()) positives[s]![a]! += labels[at]!;
  return conditioned(
    reference.map((row) => row.map(() => 1)),
    positives,
  ).map((row, s) => (positives[s]!.some((count) => count > 0) ? row : [...reference[s]!]));
}

const dot = (weights: readonly number[], of: (at: number) => number): number =>
  weights.reduce((sum, weight, at) => sum + weight * of(at), 0);
