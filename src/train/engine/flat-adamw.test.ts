import fc from "fast-check";
import { expect, test } from "vitest";
import * as t from "../../tensor/index.ts";
import { addGradients, clipFactor, type FlatAdamW, flatAdamW, flatAverage } from "./flat-adamw.ts";

const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.5 };

/** Parameters, moments and gradients in two ranges. */
function stepped(flat: FlatAdamW, gradients: readonly Float32Array[], step: number): number {
  const ranges = [
    [0, 2],
    [2, flat.parameters.length],
  ] as const;
  const norm = Math.sqrt(ranges.reduce((sum, range) => sum + addGradients(gradients, range), 0));
  for (const range of ranges) flatAdamW(flat, gradients[0]!, range, { ...options, step, factor: clipFactor(norm, 1) });
  return norm;
}

test("the first step by hand: the sum of the gradients clipped, each number moved by the rate in its sign, some decayed", () => {
  const flat = {
    parameters: Float32Array.of(1, 2, -1),
    first: new Float32Array(3),
    second: new Float32Array(3),
    undecayed: [[1, 2]] as const,
  };
  const gradients = [Float32Array.of(1, -4, 0), Float32Array.of(2, 0, 0)];
  expect(stepped(flat, gradients, 1)).toBe(5); // of 3, −4, 0
  for (const [i, moment] of [0.06, -0.08, 0].entries()) expect(flat.first[i]).toBeCloseTo(moment, 6); // a tenth of a fifth
  expect(flat.second[0]).toBeCloseTo(0.01 * 0.36, 6);
  const moved = [0.95 * 1 - 0.1, 2 + 0.1, 0.95 * -1];
  for (const [i, number] of moved.entries()) expect(flat.parameters[i]).toBeCloseTo(number, 6);
});

test("as the engine's AdamW, for any gradients, step after step", async () => {
  const shapes = { "a.weight": [2, 3], "a.bias": [2] };
  const parameters = Object.entries(shapes).map(([name, shape]) => t.state(name, shape));
  const gradients = parameters.map(({ node, shape }) => t.input(`gradient.${node.name}`, shape));
  const engine = t.adamW(parameters, gradients, { ...options, maxNorm: 1, undecayed: ["*bias"] });
  const numbers = fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: 8, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(numbers, fc.array(numbers, { minLength: 1, maxLength: 4 }), async (start, course) => {
      const flat = {
        parameters: Float32Array.from(start),
        first: new Float32Array(8),
        second: new Float32Array(8),
        undecayed: [[6, 8]] as const,
      };
      const store = t.createStore([
        ["a.weight", t.value(Float32Array.from(start.slice(0, 6)), [2, 3])],
        ["a.bias", t.value(Float32Array.from(start.slice(6)), [2])],
        ...engine.initial,
      ]);
      const outputs = { norm: engine.gradientNorm };
      const program = await t.compile({ inputs: gradients, outputs, updates: engine.updates }, { store });
      for (const [i, numbers] of course.entries()) {
        const norm = stepped(flat, [Float32Array.from(numbers)], i + 1);
        const found = await program.run({
          "gradient.a.weight": Float32Array.from(numbers.slice(0, 6)),
          "gradient.a.bias": Float32Array.from(numbers.slice(6)),
        });
        expect(norm).toBeCloseTo(Number(found.norm!.data[0]), 4);
      }
      const [weight, bias] = [await store.read("a.weight"), await store.read("a.bias")];
      for (const [i, number] of [...(weight.data as Float32Array), ...(bias.data as Float32Array)].entries())
        expect(flat.parameters[i]).toBeCloseTo(number, 3);
      await program.release();
      store.release();
    }),
    { numRuns: 20 },
  );
});

test("averages follow by the decay", () => {
  const averages = Float32Array.of(1, 0);
  flatAverage(averages, Float32Array.of(0, 2), 0.75);
  expect([...averages]).toEqual([0.75, 0.5]);
});
