// A trained policy in rollouts: one seed gives the same chunks, and a chunk continues the rest of another.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openPolicy } from "../../src/policy/index.ts";
import { collect, collectOptions, evaluateOptions, evaluatePolicy } from "../../src/rollout/index.ts";
import { createTaskWorld, simulation, taskNamed } from "../../src/sim/index.ts";
import { policyOptions, trainPolicy } from "../../src/train/index.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-checkpoint-policy-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [root, run] = [join(folder, "demonstrations"), join(folder, "run")];

test("a trained policy continues chunks, in the robot's units, and an evaluation with rtc gives the same for any number of workers", async () => {
  await collect({
    ...collectOptions.parse({ out: root, episodes: 2, workers: 1, difficulty: 0 }),
    stations: simulation,
  });
  const options = policyOptions.parse({
    steps: 2,
    batchSize: 4,
    warmup: 1,
    heldOut: 0.5,
    validationFrames: 4,
    fast: false,
  });
  await trainPolicy({ run, datasets: [{ root }], options });

  const world = await createTaskWorld(taskNamed("cube-in-bowl"));
  await world.reset({ seed: 1 });
  const observation = await world.observe();
  const policy = await openPolicy(run, { joints: world.joints, threads: 1 });
  expect(policy.continues).toBe(true);
  const ask = async (actions?: Float32Array) => {
    await policy.reset(3);
    return (await policy.infer({ ...observation, ...(actions && { leftover: { actions, delay: 4 } }) })).actions;
  };
  const chunk = await ask();
  expect(await ask()).toEqual(chunk);
  const leftover = chunk.subarray(0, 8 * world.joints.length).map((x) => x + 2);
  const continued = await ask(leftover);
  // The first four, of which each was 2 away.
  for (let i = 0; i < 4 * world.joints.length; i++) expect(Math.abs(continued[i]! - leftover[i]!)).toBeLessThan(1);
  await policy.close();
  await world.close();

  const evaluation = (workers: number) =>
    evaluatePolicy({
      ...evaluateOptions.parse({ policy: run, episodes: 2, workers, chunking: "rtc", latency: 0.1 }),
      stations: simulation,
    });
  const one = await evaluation(1);
  expect(one.jumps!.borders).toBeGreaterThan(20);
  expect(one.runs.map(({ troubles }) => troubles)).toEqual([[], []]);
  expect(await evaluation(2)).toEqual(one);
}, 180_000);
