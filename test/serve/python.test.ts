// openpi's protocol in Python, written from its description with Debian's python3-websockets, python3-msgpack and
// python3-numpy.
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { connectPolicy, layouts, seedKey, servePolicy } from "../../src/serve/index.ts";
import { linearPolicy } from "./linear-policy.ts";

const python = "/usr/bin/python3";
const script = (name: string) => join(import.meta.dirname, "python", name);
const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
const present = spawnSync(python, ["-c", "import websockets.legacy.client, msgpack, numpy"]).status === 0;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe.skipIf(!present)("Python", () => {
  test("a client gets from our server what it computes itself", async () => {
    const metadata = { robot: "so101", rates: [25, 50.5] };
    const server = await servePolicy(linearPolicy(), { port: 0, apiKey: "secret", metadata });
    cleanups.push(() => server.close());
    const { stdout } = await promisify(execFile)(python, [script("client.py"), server.url, "secret"], {
      env: environment,
    });
    expect(JSON.parse(stdout)).toEqual({
      metadata: { ...metadata, policy: "linear", observation_layout: layouts.so101, [seedKey]: true },
      previous: [false, ...new Array(19).fill(true)],
      error: expect.stringMatching(/^TypeError: Expected "prompt" as text, got nothing/),
      code: 1011,
    });
  });

  test("our policy by URL gets a server's actions, and its traceback", async () => {
    const server: ChildProcess = spawn(python, [script("server.py")], {
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    cleanups.push(() => server.kill());
    const [port] = await once(server.stdout!, "data");
    const policy = await connectPolicy(`ws://127.0.0.1:${Number(port)}`, { layout: layouts.so101, apiKey: "secret" });
    cleanups.push(() => policy.close());
    const data = Uint8Array.from({ length: 48 * 64 * 3 }, (_, i) => i % 253);
    const image = { width: 64, height: 48, data };
    const digest = Number.parseInt(createHash("sha256").update(data).digest("hex").slice(0, 4), 16);
    const observation = {
      images: { front: image, wrist: image },
      state: Float32Array.of(1, 2, 3, 4, 5, 6),
      task: "stack",
    };
    const expected = { horizon: 2, actions: Float32Array.of(1, 2, 3, 4, 5, 6, 2, 3, 4, 5, 6, digest) };
    expect(await policy.infer(observation)).toEqual(expected);
    await expect(policy.infer({ ...observation, task: "fail" })).rejects.toMatchObject({
      reason: "server error",
      message: expect.stringMatching(/Traceback[\s\S]*KeyError: 'observation\/other'/),
    });
    expect(await policy.infer(observation)).toEqual(expected);
  });
});
