// `openPolicy` by name: a server's layout, a user's module, and joints that do not fit.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openPolicy } from "../../src/policy/index.ts";
import { type Observation, type Policy, so101Joints } from "../../src/robot/index.ts";
import { layouts, servePolicy } from "../../src/serve/index.ts";
import { linearPolicy } from "./linear-policy.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const image = { width: 4, height: 4, data: new Uint8Array(48).fill(10) };
const observation = (...names: string[]): Observation => ({
  images: Object.fromEntries(names.map((name) => [name, image])),
  state: Float32Array.of(7, 1, 2, 3, 4, 5),
  task: "stack",
});

async function serve(policy: Policy): Promise<string> {
  const server = await servePolicy(policy, { port: 0 });
  cleanups.push(() => server.close());
  return server.url;
}
const opened = async (...parameters: Parameters<typeof openPolicy>) => {
  const policy = await openPolicy(...parameters);
  cleanups.push(() => policy.close());
  return policy;
};

test("a server's layout: the one that it announces, or the one that is given, by name or in a file", async () => {
  const own = { ...layouts.so101, images: { top: ["cameras", "top"] } } as const;
  const url = await serve(linearPolicy({ layout: own }));
  const policy = await opened(url, { joints: so101Joints });
  expect(policy.observationLayout).toEqual(own);
  expect((await policy.infer(observation("top"))).actions[0]).toBe(2 * 7 + 10);

  const folder = mkdtempSync(join(tmpdir(), "pistar-layout-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "layout.json");
  writeFileSync(file, JSON.stringify({ ...own, images: { wrist: ["cameras", "top"] } }));
  const byFile = await opened(url, { layout: file });
  expect((await byFile.infer(observation("wrist"))).actions[0]).toBe(2 * 7 + 10);
  const byName = await opened(url, { layout: "so101" });
  expect(byName.observationLayout).toEqual(layouts.so101);
  await expect(openPolicy(url, { layout: "umi" })).rejects.toThrow(
    'Expected a layout: so101, libero, aloha, droid, roboarena or a JSON file; got "umi"',
  );
  await expect(openPolicy(url, { layout: "droid", joints: so101Joints })).rejects.toThrow(
    /expected a layout with actions of 6 numbers \(shoulder_pan.pos, .*\), got 8/,
  );
});

test("a policy for other joints is refused, whoever serves it", async () => {
  const joints = ["left.pos", "right.pos", "a", "b", "c", "d"];
  const info = {
    robotType: "other",
    joints,
    stateNames: joints,
    cameras: ["front"],
    fps: 25,
    horizon: 3,
    inference: { denoisingSteps: 5, guidance: 1.5, advantageIndicator: "positive" },
  } as const;
  const url = await serve({ ...linearPolicy(), info });
  expect((await opened(url)).info).toEqual(info);
  await expect(openPolicy(url, { joints: so101Joints })).rejects.toThrow(
    /^ws:.*expected a policy for shoulder_pan.pos, .*, got one for left.pos, right.pos, a/,
  );
});

test("random is served too: each client's episode is its own", async () => {
  const local = await opened("random");
  const url = await serve(local);
  const [one, other] = [await opened(url), await opened(url)];
  const seen = observation("front", "wrist");
  const ask = async (policy: Policy, seed: number) => {
    await policy.reset(seed);
    return [await policy.infer(seen), await policy.infer(seen)];
  };
  const first = await ask(one, 3);
  expect(first[0]).not.toEqual(first[1]);
  expect(await ask(one, 3)).toEqual(first);
  expect(await ask(other, 3)).toEqual(first);
  expect(await ask(other, 4)).not.toEqual(first);
});

test("a module's policy, which keeps an episode's state, begins it anew behind a server", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-module-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "counting.mjs");
  writeFileSync(
    file,
    `export const createPolicy = (joints) => {
      let [seed, questions] = [0, 0];
      return {
        id: "counting",
        async reset(from) { [seed, questions] = [from, 0]; },
        async infer() {
          const actions = new Float32Array(joints.length).fill(questions++);
          actions[1] = seed;
          return { actions, horizon: 1 };
        },
        async close() {},
      };
    };`,
  );
  const remote = await opened(await serve(await openPolicy(file)));
  const seen = observation("front", "wrist");
  for (const seed of [0, 6]) {
    await remote.reset(seed);
    for (const question of [0, 1, 2])
      expect((await remote.infer(seen)).actions.slice(0, 2)).toEqual(Float32Array.of(question, seed));
  }
});
