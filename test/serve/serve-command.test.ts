// `pistar serve` from end to end: a policy of the simulated SO-101, trained for one step, served by another process to
// our clients and Python's. Its answers equal those of the same policy here, to the last bit.
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { openDataset } from "../../src/data/index.ts";
import {
  exportOptions,
  exportPolicy,
  findCheckpoint,
  type LoadedPolicy,
  type LoadPolicyOptions,
  loadPolicy,
  openPolicy,
} from "../../src/policy/index.ts";
import type { Observation } from "../../src/robot/index.ts";
import { collect, collectOptions } from "../../src/rollout/index.ts";
import {
  type ClientOptions,
  connectClient,
  connectPolicy,
  layouts,
  type Message,
  NdArray,
  type ObservationLayout,
  pack,
  packObservation,
  servePolicy,
} from "../../src/serve/index.ts";
import { simulation } from "../../src/sim/index.ts";
import { trainPolicy } from "../../src/train/index.ts";
import { until } from "./linear-policy.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");
const run = promisify(execFile);

let folder: string;
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pistar-serve-"));
  const demos = { out: path("demos"), task: "push-to-target", episodes: 1, difficulty: 0, workers: 1 };
  await collect({ ...collectOptions.parse(demos), stations: simulation });
  const options = { steps: 1, batchSize: 2, workers: 0, cache: path("cache"), heldOut: 0, fast: false } as const;
  for (const seed of [0, 1])
    await trainPolicy({
      run: path(`run-${seed}`),
      datasets: [{ root: demos.out }],
      options: { ...options, seed, advantageIndicator: "positive" },
    });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Serving {
  readonly process: ChildProcess;
  readonly url: string;
  readonly events: Record<string, unknown>[];
  /** What it has printed for people. */
  readonly printed: () => string;
  readonly exited: Promise<unknown>;
}

/**
 * Starts the command as a user would, and waits until it listens. One thread computes, as in rollouts: with several the last bits may differ, and
 * by an episode's end much more.
 */
async function serve(checkpoint: string, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Serving> {
  const parameters = ["--import", "tsx", main, "serve", checkpoint, "--port", "0", "--threads", "1", ...flags];
  const child = spawn(process.execPath, parameters, { env: { ...process.env, ...env } });
  const exited = once(child, "exit");
  cleanups.push(() => child.kill("SIGKILL"));
  let printed = "";
  child.stdout.on("data", (text) => {
    printed += text;
  });
  const events: Record<string, unknown>[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on("line", (line) => {
      if (!line.startsWith("{")) return reject(new Error(line));
      const event = JSON.parse(line) as Record<string, unknown>;
      events.push(event);
      if (event.event === "listening") resolve(String(event.url));
    });
    child.once("exit", () => reject(new Error("The server ended before it listened")));
  });
  return { process: child, url, events, printed: () => printed, exited };
}

async function local(checkpoint: string, options: LoadPolicyOptions = {}): Promise<LoadedPolicy> {
  const policy = await loadPolicy(checkpoint, { ...options, threads: 1 });
  cleanups.push(() => policy.close());
  return policy;
}

async function client(url: string, options: ClientOptions = {}) {
  const one = await connectClient(url, options);
  cleanups.push(() => one.close());
  return one;
}

const data = Uint8Array.from({ length: 30 * 40 * 3 }, (_, i) => i % 251);
/** The picture's left 16 columns, upside down. */
const corner = Uint8Array.from({ length: 30 * 16 * 3 }, (_, i) => data[(29 - Math.floor(i / 48)) * 120 + (i % 48)]!);
/** As in python/ask.py. */
const observation: Observation = {
  images: { front: { width: 40, height: 30, data }, wrist: { width: 16, height: 30, data: corner } },
  state: Float32Array.from({ length: 6 }, (_, i) => i / 4),
  task: "push the block",
};
const actionsOf = (answer: Message) => (answer.actions as NdArray).data as Float32Array;

const python = "/usr/bin/python3";
const hasPython = spawnSync(python, ["-c", "import websockets.legacy.client, msgpack, numpy"]).status === 0;

test("clients of all kinds get the local policy's chunks, to the last bit", async () => {
  const asked = { denoisingSteps: 3, guidance: 2 };
  const serving = await serve(path("run-0"), ["--denoising-steps", "3", "--guidance", "2"], {
    PISTAR_API_KEY: "secret",
  });
  const policy = await local(path("run-0"), asked);
  const { actions: chunk, horizon } = await policy.infer({ ...observation, seed: [7, 3] });

  await expect(connectClient(serving.url)).rejects.toThrow("HTTP 401");
  const one = await client(serving.url, { apiKey: "secret" });
  expect(one.metadata).toMatchObject({
    policy: "run-0/000001",
    cameras: ["front", "wrist"],
    action_names: policy.info.joints,
    horizon,
    denoising_steps: 3,
    guidance: 2,
    advantage: "positive",
    observation_layout: layouts.so101,
  });
  const question = packObservation(layouts.so101, observation);
  const answer = await one.infer({ ...question, "pistar/seed": [7, 3] });
  expect(answer.actions).toEqual(new NdArray("float32", [horizon, 6], chunk));
  expect(actionsOf(await one.infer({ ...question, "pistar/seed": [7, 4] }))).not.toEqual(chunk);
  // Who knows nothing of seeds gets another noise each time.
  expect(actionsOf(await one.infer(question))).not.toEqual(actionsOf(await one.infer(question)));

  const remote = await connectPolicy(serving.url, { apiKey: "secret" });
  cleanups.push(() => remote.close());
  await remote.reset(7);
  for (let step = 0; step < 3; step++) await remote.infer(observation);
  expect((await remote.infer(observation)).actions).toEqual(chunk);
  const leftover = { actions: chunk.subarray(0, 8 * 6), delay: 2 };
  const { actions: continued } = await policy.infer({ ...observation, seed: [7, 4], leftover });
  expect([remote.continues, remote.info]).toEqual([true, policy.info]);
  expect((await remote.infer({ ...observation, leftover })).actions).toEqual(continued);
  expect(actionsOf(await one.infer({ ...question, "pistar/seed": [7, 4] }))).not.toEqual(continued);

  // Five at once: in batches, where the last bits may differ.
  const crowd = await Promise.all(Array.from({ length: 5 }, () => client(serving.url, { apiKey: "secret" })));
  const answers = await Promise.all(crowd.map((each, i) => each.infer({ ...question, "pistar/seed": [7, i] })));
  for (const [step, each] of answers.entries()) {
    const { actions: expected } = await policy.infer({ ...observation, seed: [7, step] });
    for (const [i, x] of actionsOf(each).entries()) expect(x).toBeCloseTo(expected[i]!, 3);
  }

  expect(serving.printed()).toContain(`${policy.id} answers at ${serving.url}`);
  expect(serving.printed()).toContain('"observation/images/wrist": uint8 [height, width, 3]');
  expect(JSON.stringify(serving.events)).not.toContain("secret");
  if (!hasPython) return;
  const { stdout } = await run(python, [join(import.meta.dirname, "python/ask.py"), serving.url, "secret"], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  const told = JSON.parse(stdout) as { metadata: Message; actions: number[][] };
  expect(Float32Array.from(told.actions.flat())).toEqual(chunk);
  expect(told.metadata).toEqual(one.metadata);
}, 60_000);

test("an episode behind the URL is the episode of the folder, action by action", async () => {
  const serving = await serve(path("run-0"), ["--max-batch", "1"]);
  const episode = async (policy: string, out: string) => {
    const flags = ["--task", "push-to-target", "--episodes", "1", "--workers", "1", "--out", out];
    await run(process.execPath, ["--import", "tsx", main, "collect", "--policy", policy, ...flags]);
    const dataset = await openDataset(out);
    const { extra, length } = dataset.episodes[0]!;
    const columns = await dataset.columns(0, ["action", "observation.state"]);
    await dataset.close();
    return { length, troubles: extra.episode_troubles, columns };
  };
  const here = await episode(path("run-0"), path("here"));
  expect(here).toMatchObject({ length: expect.any(Number), troubles: "" });
  expect(await episode(serving.url, path("there"))).toEqual(here);
}, 120_000);

test("SIGHUP loads what is in the folder now, under the feet of its clients; what cannot be loaded leaves it", async () => {
  const served = path("served");
  cpSync(findCheckpoint(path("run-0"), "last"), served, { recursive: true });
  const serving = await serve(served, ["--max-batch", "1"]);
  const [before, after] = await Promise.all(
    ["run-0", "run-1"].map(
      async (name) => (await (await local(path(name))).infer({ ...observation, seed: [5, 0] })).actions,
    ),
  );
  const one = await client(serving.url, { deadline: 20_000 });
  const ask = async () => {
    const answer = await one.infer({ ...packObservation(layouts.so101, observation), "pistar/seed": [5, 0] });
    return actionsOf(answer).toString();
  };
  expect(await ask()).toBe(before!.toString());

  const weights = join(served, "model.safetensors");
  copyFileSync(join(findCheckpoint(path("run-1"), "last"), "model.safetensors"), weights);
  serving.process.kill("SIGHUP");
  const answers: string[] = [];
  while (!serving.events.some(({ event }) => event === "reloaded")) answers.push(await ask());
  const turn = answers.indexOf(after!.toString());
  expect(new Set(answers.slice(0, turn === -1 ? undefined : turn))).toEqual(new Set([before!.toString()]));
  expect(await ask()).toBe(after!.toString());

  truncateSync(weights, 1000);
  serving.process.kill("SIGHUP");
  await until(() => serving.events.some(({ event }) => event === "reload failed"));
  expect(serving.events.at(-1)!.error).toContain("model.safetensors");
  expect(await ask()).toBe(after!.toString());
  expect(serving.events.filter(({ event }) => event === "connected")).toHaveLength(1);
}, 60_000);

test("an exported policy is served too, with the layout of its checkpoint", async () => {
  const layout: ObservationLayout = { ...layouts.so101, prompt: ["instruction"] };
  const checkpoint = path("with-layout");
  cpSync(findCheckpoint(path("run-0"), "last"), checkpoint, { recursive: true });
  const config = JSON.parse(readFileSync(join(checkpoint, "config.json"), "utf8"));
  writeFileSync(join(checkpoint, "config.json"), JSON.stringify({ ...config, observation_layout: layout }));
  const exported = path("exported");
  await exportPolicy(checkpoint, exported, exportOptions.parse({ denoisingSteps: 3, guidance: 2 }));
  const serving = await serve(exported);
  const [one, two] = [await client(serving.url), await client(serving.url)];
  expect(one.metadata).toMatchObject({
    policy: "exported",
    denoising_steps: 3,
    guidance: 2,
    observation_layout: layout,
  });
  const { actions: expected } = await (await local(checkpoint, { denoisingSteps: 3, guidance: 2 })).infer({
    ...observation,
    seed: [7, 3],
  });
  // Two at once, of which each gets its own.
  const question = packObservation(layout, observation);
  const [answer, other] = await Promise.all(
    [one, two].map((each, i) => each.infer({ ...question, "pistar/seed": [7, 3 + i] })),
  );
  for (const [i, x] of actionsOf(answer!).entries()) expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-4);
  expect(actionsOf(other!)).not.toEqual(actionsOf(answer!));
  const remote = await connectPolicy(serving.url);
  cleanups.push(() => remote.close());
  expect([remote.continues, remote.observationLayout]).toEqual([false, layout]);
}, 60_000);

test("SIGTERM answers what is in flight, says goodbye, and ends with 0", async () => {
  const serving = await serve(path("run-0"), ["--max-batch", "1", "--denoising-steps", "30"]);
  const socket = new WebSocket(serving.url, { perMessageDeflate: false });
  cleanups.push(() => socket.terminate());
  let answers = -1; // the metadata
  socket.on("message", (_, isBinary) => {
    expect(isBinary).toBe(true);
    if (++answers === 1) serving.process.kill("SIGTERM");
  });
  await once(socket, "open");
  for (let i = 0; i < 200; i++) socket.send(pack(packObservation(layouts.so101, observation)));
  expect((await once(socket, "close"))[0]).toBe(1001);
  expect(answers).toBeGreaterThan(1);
  expect(answers).toBeLessThan(200);
  expect(await serving.exited).toEqual([0, null]);
  expect(serving.events.slice(-3).map(({ event }) => event)).toEqual(["stopping", "disconnected", "closed"]);
}, 60_000);

test("a checkpoint's own layout, and one from a file, with the cameras that the policy looks at", async () => {
  const layout: ObservationLayout = {
    images: { wrist: ["images", "hand"], front: ["images", "top"], back: ["images", "back"] },
    imageOrder: "CHW",
    state: [
      { key: ["joints"], size: 5 },
      { key: ["gripper"], size: 1 },
    ],
    prompt: ["task"],
    actions: 6,
  };
  const own = path("own-layout");
  cpSync(findCheckpoint(path("run-0"), "last"), own, { recursive: true });
  const config = JSON.parse(readFileSync(join(own, "config.json"), "utf8"));
  writeFileSync(join(own, "config.json"), JSON.stringify({ ...config, observation_layout: layout }));
  const { actions: chunk } = await (await local(path("run-0"))).infer({ ...observation, seed: [1, 2] });
  for (const [folder, options] of [
    [own, {}],
    [path("run-0"), { layout }],
  ] as const) {
    const policy = await openPolicy(folder, { threads: 1 });
    const server = await servePolicy(policy, { ...options, port: 0, maxBatch: 1 });
    expect(Object.keys(server.layout.images)).toEqual(["front", "wrist"]);
    cleanups.push(() => server.close());
    const { back: _, ...seen } = layout.images;
    const question = { ...packObservation({ ...layout, images: seen }, observation), "pistar/seed": [1, 2] };
    expect(actionsOf(await (await client(server.url)).infer(question))).toEqual(chunk);
  }
}, 60_000);

test("a layout that does not fit says what would", async () => {
  const wrong = servePolicy(await local(path("run-0")), { layout: layouts.aloha });
  await expect(wrong).rejects.toThrow(/expected keys for the cameras front, wrist, got cam_high, cam_low/);
  await expect(wrong).rejects.toThrow(
    /a state of 6 numbers \(shoulder_pan.pos, .*\), got 14\n.*actions of 6 numbers.*got 14/,
  );
  await expect(wrong).rejects.toThrow(JSON.stringify(layouts.so101));
});

test("what cannot be served is said in words, with an exit code of its kind", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  cleanups.push(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const cases: [number, string[], RegExp][] = [
    [3, [path("demos")], /^pistar: .*demos: expected a run with checkpoints\/last, or a folder with config.json/],
    [
      12,
      [path("run-0"), "--max-batch", "1", "--port", String(port)],
      new RegExp(`127.0.0.1:${port}.*choose another port`),
    ],
    [
      6,
      [path("run-0"), "--layout", "droid"],
      /does not fit the policy:\n.*the cameras front, wrist, got exterior, wrist/,
    ],
    [
      2,
      [path("run-0"), "--layout", "umi"],
      /Expected a layout: so101, libero, aloha, droid, roboarena or a JSON file; got "umi"/,
    ],
    [2, [path("run-0"), "--tls-cert", "x.pem"], /--tls-cert and --tls-key together, got --tls-cert alone/],
    [2, [path("run-0"), "--port", "70000"], /--port: expected a number up to 65535, got 70000/],
  ];
  for (const [code, parameters, message] of cases) {
    const failed = run(process.execPath, ["--import", "tsx", main, "serve", ...parameters]);
    await expect(failed).rejects.toMatchObject({ code, stderr: expect.stringMatching(message) });
  }
}, 120_000);
