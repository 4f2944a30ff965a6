// docs/guides/theorem.md in numbers: where conditioning on the advantage indicator cannot make a policy worse, and where it can.
// Advantages, thresholds and indicators are pistar's own functions.
import fc from "fast-check";
import { expect, test } from "vitest";
import { advantageIndicators, advantages, taskThresholds } from "../../src/recap/index.ts";
import { random } from "../../src/system/index.ts";
import {
  advantagesOf,
  conditioned,
  expectedReturn,
  indicatorsOf,
  type Mdp,
  randomMdp,
  recapFromEpisodes,
  type Table,
  valuesOf,
} from "./mdp.ts";

const close = (actual: Table, expected: Table) => {
  for (const [s, row] of expected.entries())
    for (const [a, p] of row.entries()) expect(actual[s]![a]).toBeCloseTo(p, 12);
};

test("a bandit by hand: β = 1, 2, ∞", () => {
  const bandit: Mdp = { start: [1], rewards: [[-4, -2, 0]], next: [[[0], [0], [0]]] };
  const reference = [[1 / 2, 1 / 4, 1 / 4]];
  const improvement = [[0.2, 0.4, 0.8]];
  expect(expectedReturn(bandit, reference)).toBe(-2.5);
  expect(advantagesOf(bandit, valuesOf(bandit, reference))).toEqual([[-1.5, 0.5, 2.5]]);
  const at = (beta: number) => conditioned(reference, improvement, beta);
  close(at(1), [[1 / 4, 1 / 4, 1 / 2]]);
  expect(expectedReturn(bandit, at(1))).toBeCloseTo(-1.5, 12);
  close(at(2), [[1 / 11, 2 / 11, 8 / 11]]);
  expect(expectedReturn(bandit, at(2))).toBeCloseTo(-8 / 11, 12);
  close(at(200), [[0, 0, 1]]);
  expect(expectedReturn(bandit, at(200))).toBeCloseTo(0, 12);
});

/** p(I | A), the mean of indicators over several shares: it grows with the advantage, as the theorem asks. */
const improvementOf = (table: Table, shares: readonly number[]): number[][] =>
  table.map((row, s) =>
    row.map((_, a) => shares.reduce((sum, share) => sum + indicatorsOf(table, share)[s]![a]!, 0) / shares.length),
  );

test("with exact advantages no state of any process gets worse, for any shares and any β", () => {
  const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 });
  const beta = fc.double({ min: 0.1, max: 8, noNaN: true });
  fc.assert(
    fc.property(fc.nat(1e6), fc.integer({ min: 1, max: 6 }), shares, beta, (seed, states, of, power) => {
      const { mdp, reference } = randomMdp(seed, states);
      const values = valuesOf(mdp, reference);
      const exact = advantagesOf(mdp, values);
      const improved = conditioned(reference, improvementOf(exact, of), power);
      // Chebyshev's sum inequality: E_π̂[A] ≥ 0 in every state.
      for (const [s, row] of improved.entries())
        expect(row.reduce((sum, p, a) => sum + p * exact[s]![a]!, 0)).toBeGreaterThan(-1e-12);
      // The performance-difference lemma: so no state's value falls.
      const after = valuesOf(mdp, improved);
      for (const [s, value] of values.entries()) expect(after[s]! - value).toBeGreaterThan(-1e-9);
    }),
    { numRuns: 300 },
  );
});

test("one indicator is enough to gain: 40 % of the pairs positive, in 400 processes", () => {
  const gains = Array.from({ length: 400 }, (_, seed) => {
    const { mdp, reference } = randomMdp(seed);
    const exact = advantagesOf(mdp, valuesOf(mdp, reference));
    return expectedReturn(mdp, conditioned(reference, indicatorsOf(exact, 0.4))) - expectedReturn(mdp, reference);
  });
  expect(Math.min(...gains)).toBeGreaterThan(0);
});

/**
 * Two actions: a returns −10 surely, b returns 0 with probability 0.3 and else −40. In a hundred episodes of the reference, each action is
 * taken 50 times, and luck comes as often as it should. J = −19.
 */
const gamble: Mdp = { start: [1], rewards: [[-10, -28]], next: [[[0], [0]]] };
const even = [[1 / 2, 1 / 2]];
const outcomes = [
  ...Array.from({ length: 50 }, () => ({ action: 0, reward: -10 })),
  ...Array.from({ length: 50 }, (_, at) => ({ action: 1, reward: at < 15 ? 0 : -40 })),
];

/** The policy from labels of the sampled returns, `share` of them positive. */
function fromReturns(share: number): number[][] {
  const found = Float64Array.from(outcomes, ({ reward }) => {
    return advantages(Float64Array.of(reward), Float64Array.of(-19), Infinity)[0]!;
  });
  const tasks = new Uint8Array(found.length);
  const labels = advantageIndicators(found, tasks, taskThresholds(found, tasks, share));
  const positives = [0, 1].map((action) => outcomes.filter((one, at) => one.action === action && labels[at]).length);
  return conditioned([[1, 1]], [positives]);
}

test("labels from sampled returns choose the gamble: J falls from −19 to −28", () => {
  expect(expectedReturn(gamble, even)).toBe(-19);
  for (const share of [0.15, 0.3, 0.45, 0.6]) {
    expect(fromReturns(share)).toEqual([[0, 1]]);
    expect(expectedReturn(gamble, fromReturns(share))).toBe(-28);
  }
  // Exact advantages choose the sure action.
  const exact = advantagesOf(gamble, valuesOf(gamble, even));
  expect(exact).toEqual([[9, -9]]);
  expect(expectedReturn(gamble, conditioned(even, indicatorsOf(exact, 0.5)))).toBe(-10);
});

test("the same gamble with its luck a step later: one step of lookahead chooses the sure action, N = T the gamble", () => {
  // State 0 chooses. State 1 comes after a, state 2 after b; there the return falls. Both have one action, twice.
  const episodes = outcomes.map(({ action, reward }) => ({ action, rewards: Float64Array.of(0, reward) }));
  const choice = (lookahead: number, share: number) => {
    const found = Float64Array.from(
      episodes.flatMap(({ action, rewards }) => [
        ...advantages(rewards, Float64Array.of(-19, action === 0 ? -10 : -28), lookahead),
      ]),
    );
    const tasks = new Uint8Array(found.length);
    const labels = advantageIndicators(found, tasks, taskThresholds(found, tasks, share));
    const positives = [0, 1].map(
      (action) => episodes.filter((one, at) => one.action === action && labels[2 * at]).length,
    );
    return expectedReturn(gamble, conditioned([[1, 1]], [positives]));
  };
  expect(choice(1, 0.4)).toBe(-10);
  expect(choice(1, 0.5)).toBe(-10);
  expect(choice(Infinity, 0.15)).toBe(-28);
  expect(choice(Infinity, 0.3)).toBe(-28);
});

/** Mean gain of J over a hundred processes. */
const meanGain = (policyOf: (mdp: Mdp, reference: Table, seed: number) => Table): number =>
  Array.from({ length: 100 }, (_, seed) => {
    const { mdp, reference } = randomMdp(seed);
    return expectedReturn(mdp, policyOf(mdp, reference, seed)) - expectedReturn(mdp, reference);
  }).reduce((sum, gain) => sum + gain, 0) / 100;

test("labels of sampled steps keep a part of the gain: more with one step of lookahead than with five or the whole episode", () => {
  const exact = (share: number) =>
    meanGain((mdp, reference) =>
      conditioned(reference, indicatorsOf(advantagesOf(mdp, valuesOf(mdp, reference)), share)),
    );
  const sampled = (lookahead: number, share: number) => {
    const options = { episodes: 100, lookahead, share };
    return meanGain((mdp, reference, seed) => recapFromEpisodes(mdp, reference, { ...options, seed }));
  };
  const gains = (share: number) => [exact(share), sampled(1, share), sampled(5, share), sampled(Infinity, share)];
  expect(gains(0.4).map((gain) => gain.toFixed(2))).toEqual(["1.88", "0.75", "0.16", "0.20"]);
  // With few positives the order is another: exact labels leave most states without a positive action.
  expect(gains(0.1).map((gain) => gain.toFixed(2))).toEqual(["0.88", "0.72", "1.12", "1.12"]);
});

test("errors of A that stay the same for a state and action break the guarantee", () => {
  const worse = (deviations: number) =>
    Array.from({ length: 400 }, (_, seed) => {
      const { mdp, reference } = randomMdp(seed);
      const exact = advantagesOf(mdp, valuesOf(mdp, reference));
      const all = exact.flat();
      const deviation = Math.sqrt(all.reduce((sum, a) => sum + a * a, 0) / all.length);
      const rng = random(seed).split("errors");
      const off = exact.map((row) => row.map((a) => a + deviations * deviation * rng.normal()));
      return expectedReturn(mdp, conditioned(reference, indicatorsOf(off, 0.4))) < expectedReturn(mdp, reference);
    }).filter(Boolean).length;
  expect([0, 1, 2].map(worse)).toEqual([0, 7, 60]);
});
