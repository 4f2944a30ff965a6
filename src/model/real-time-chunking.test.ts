import { expect, test } from "vitest";
import { add, compile, constant, input, mul, sum, type Tensor } from "../tensor/index.ts";
import { continuedVelocity, givenSteps, guidanceWeight, softMask } from "./real-time-chunking.ts";

test("the soft mask: 1 for what is executed meanwhile, then the decay of Eq. 5, then 0", () => {
  // H = 6, 4 steps left, delay 1: c = 3/4, 2/4, 1/4.
  const decay = [3 / 4, 2 / 4, 1 / 4].map((c) => (c * (Math.exp(c) - 1)) / (Math.E - 1));
  const mask = softMask(6, 4, 1);
  for (const [i, weight] of [1, ...decay, 0, 0].entries()) expect(mask[i]).toBeCloseTo(weight, 6);
  expect([...softMask(3, 0, 0)]).toEqual([0, 0, 0]);
  expect([...softMask(3, 2, 5)]).toEqual([1, 1, 0]);
});

test("a linear decay, and letting go earlier", () => {
  // H = 6, 4 steps left, delay 1: c = 3/4, 2/4, 1/4 as they are.
  expect([...softMask(6, 4, 1, "linear")]).toEqual([1, 0.75, 0.5, 0.25, 0, 0]);
  expect([...softMask(6, 2, 1, "linear")]).toEqual([1, 0.5, 0, 0, 0, 0]);
});

test("given steps: those executed meanwhile, as far as the old chunk has them", () => {
  expect([...givenSteps(5, 4, 2)]).toEqual([1, 1, 0, 0, 0]);
  expect([...givenSteps(5, 1, 3)]).toEqual([1, 0, 0, 0, 0]);
  expect([...givenSteps(5, 0, 3)]).toEqual([0, 0, 0, 0, 0]);
});

test("the weight of the correction is clipped at both ends, where it is infinite", () => {
  expect(guidanceWeight(1, 5)).toBe(5);
  expect(guidanceWeight(1e-9, 5)).toBe(5);
  expect(guidanceWeight(0.5, 5)).toBeCloseTo(2, 12); // r² = 1/2, (1 − τ)/τ = 1
  expect(guidanceWeight(0.8, 9)).toBeCloseTo(0.68 / 0.16, 12);
});

test("of a field whose steps depend on one another, by hand", async () => {
  // One action number, two steps: v₀ = 2 x₀ x₁, v₁ = x₀. At x = (1, 3) and time 1/2: v = (6, 1), finished x − v/2 = (−2, 5/2).
  const x = input("x", [1, 2, 1]);
  const [top, bottom] = [constant(Float32Array.of(1, 0), [1, 2, 1]), constant(Float32Array.of(0, 1), [1, 2, 1])];
  const field = (x: Tensor) => {
    const [first, second] = [sum(mul(x, top)), sum(mul(x, bottom))];
    return add(mul(mul(first, second), mul(top, 2)), mul(first, bottom));
  };
  const continued = {
    previous: constant(Float32Array.of(0, 3), [1, 2, 1]),
    weights: constant(Float32Array.of(1, 0.5), [1, 2]),
  };
  const v = continuedVelocity(field, x, 0.5, continued, 10);
  const program = await compile({ inputs: [x], outputs: { v } });
  const { data } = (await program.run({ x: Float32Array.of(1, 3) })).v!;
  // Error (0 − (−2), (3 − 5/2)/2) = (2, 1/4). ∂finished₀ = (1 − x₁, −x₀) = (−2, −1), ∂finished₁ = (−1/2, 1).
  // Pull (2·−2 + ¼·−½, 2·−1 + ¼·1) = (−4.125, −1.75), times 2.
  expect([...(data as Float32Array)]).toEqual([6 + 8.25, 1 + 3.5]);
  await program.release();
});
