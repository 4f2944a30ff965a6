// The training loop on a line to fit: who makes its step, what a checkpoint holds, and what ends it.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import * as t from "../../src/tensor/index.ts";
import { optimise, type Plan } from "../../src/train/engine/optimise.ts";
import { openRunFolder } from "../../src/train/engine/run-folder.ts";
import { shardedStep } from "../../src/train/engine/sharded-step.ts";
import type { StepFactory } from "../../src/train/engine/step.ts";
import { wholeStep } from "../../src/train/engine/whole-step.ts";
import { optimiser } from "../../src/train/options.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pistar-optimise-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const batchSize = 16;
const slope = t.state("slope", [1, 1]);
const offset = t.state("offset.bias", [1]);

/** Fits y = 2x − 1 by mean square error. */
function plan(name: string, changes: Partial<Plan<Float32Array, number>> = {}): Plan<Float32Array, number> {
  let taken = 0;
  return {
    run: openRunFolder(join(folder, name), { name }, true),
    options: z
      .object(optimiser)
      .parse({ steps: 12, batchSize, learningRate: 0.05, warmup: 0, ema: 0.5, validateEvery: 6, threads: 2 }),
    objective: {
      parameters: [slope, offset],
      loss(batch) {
        const [x, y] = [t.input("x", [batch, 1]), t.input("y", [batch, 1])];
        const error = t.sub(t.add(t.mul(x, t.reshape(slope, [1])), offset), y);
        const value = t.mean(t.mul(error, error));
        return {
          inputs: [x, y],
          terms: [{ name: "square", value, factor: 1, weight: ({ x }) => (x as t.TensorData).length }],
        };
      },
    },
    initial: async () =>
      new Map([
        ["slope", t.value(Float32Array.of(0), [1, 1])],
        ["offset.bias", t.value(Float32Array.of(0))],
      ]),
    loader(position = 0) {
      taken = position;
      return {
        next: async () => Float32Array.from({ length: batchSize }, (_, i) => Math.sin(taken++ + i)),
        state: () => taken,
        close: async () => undefined,
      };
    },
    feeds: (x) => ({ x, y: x.map((number) => 2 * number - 1) }),
    save: async () => undefined,
    ...changes,
  };
}

const state = ({ last }: { readonly last: string }) =>
  t.readSafetensors(join(last, "../training_state/state.safetensors"));

test("the plan's factory makes the step; by default it is the sharded one on a CPU", async () => {
  const asked: unknown[] = [];
  const calls: string[] = [];
  const watched: StepFactory = async (objective, store, options) => {
    asked.push(options);
    const step = await shardedStep(objective, store, options);
    return {
      ...step,
      gradient(feeds) {
        calls.push("gradient");
        return step.gradient(feeds);
      },
      update(rate) {
        calls.push("update");
        return step.update(rate);
      },
    };
  };
  const given = await optimise(plan("given", { makeStep: watched }));
  expect(asked).toEqual([expect.objectContaining({ batchSize, device: "cpu", threads: 2, maxNorm: 1 })]);
  expect(calls).toEqual(Array.from({ length: 12 }, () => ["gradient", "update"]).flat());
  const usual = await optimise(plan("usual"));
  expect(await state(usual)).toEqual(await state(given));
  expect(usual.curve.at(-1)!.train).toBeLessThan(usual.curve[0]!.train!);
});

test("a checkpoint holds parameters, moments and averages alone, however the step is made", async () => {
  const [sharded, whole] = [
    await state(await optimise(plan("sharded", { makeStep: shardedStep }))),
    await state(await optimise(plan("whole", { makeStep: wholeStep }))),
  ];
  const names = ["slope", "offset.bias"].flatMap((name) => [name, `adamw.m.${name}`, `adamw.v.${name}`, `ema.${name}`]);
  expect([...whole.keys()].sort()).toEqual([...names, "adamw.step"].sort());
  expect([...sharded.keys()].sort()).toEqual([...whole.keys()].sort());
  for (const [name, { data }] of whole) expect(sharded.get(name)!.data[0], name).toBeCloseTo(Number(data[0]), 5);
});

test("a loss that is not finite ends the training, and says what to try", async () => {
  const feeds = (x: Float32Array) => ({ x, y: x.map(() => Number.NaN) });
  await expect(optimise(plan("diverging", { feeds }))).rejects.toMatchObject({
    name: "PistarError",
    code: "diverged",
    message: expect.stringMatching(/the loss of step 1 is NaN; lower the learning rate \(0.05\)/),
  });
  expect(existsSync(join(folder, "diverging/checkpoints"))).toBe(false);
});
