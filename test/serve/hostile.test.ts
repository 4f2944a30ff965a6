// What hostile clients do to a policy server, and what other clients' protocols send it.
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { PolicyRequest } from "../../src/robot/index.ts";
import {
  connectClient,
  connectPolicy,
  layouts,
  type Message,
  NdArray,
  pack,
  packObservation,
  type ServablePolicy,
  type ServerOptions,
  servePolicy,
  unpack,
} from "../../src/serve/index.ts";
import { linearPolicy, until } from "./linear-policy.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(policy: ServablePolicy = linearPolicy(), options: ServerOptions = {}) {
  const lines: Record<string, unknown>[] = [];
  const server = await servePolicy(policy, { port: 0, log: (line) => lines.push(JSON.parse(line)), ...options });
  cleanups.push(() => server.close());
  const port = Number(new URL(server.url).port);
  return { server, url: server.url, http: `http://127.0.0.1:${port}`, port, lines };
}

const picture = { width: 4, height: 4, data: new Uint8Array(48).fill(10) };
const observation = {
  images: { front: picture, wrist: picture },
  state: Float32Array.of(1, 1, 2, 3, 4, 5),
  task: "stack",
};
const question = packObservation(layouts.so101, observation);
const firstOf = (answer: Message) => (answer.actions as NdArray).data[0];

async function socketTo(url: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { perMessageDeflate: false, headers });
  const frames: unknown[] = [];
  socket.on("message", (data, isBinary) => frames.push(isBinary ? unpack(data as Buffer) : String(data)));
  socket.on("error", () => {});
  const closed = new Promise<[number, string]>((resolve) =>
    socket.once("close", (code, reason) => resolve([code, String(reason)])),
  );
  cleanups.push(() => socket.terminate());
  await once(socket, "open");
  return { socket, frames, closed };
}

/** The status of an upgrade under a Host and an Origin of one's own. */
function upgradeStatus(port: number, host: string, headers: Record<string, string> = {}): Promise<number> {
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "x".repeat(22).concat("=="),
  };
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: "127.0.0.1", headers: { ...upgrade, host, ...headers } });
    asked.on("response", (response) => resolve(response.statusCode!));
    asked.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(response.statusCode!);
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("a page that gives its own name this machine's address gets nothing; the machine's own names do", async () => {
  const { port } = await start();
  const evil = `evil.example:${port}`;
  expect(await upgradeStatus(port, evil, { origin: `http://${evil}` })).toBe(403);
  expect(await upgradeStatus(port, evil)).toBe(403);
  expect(await upgradeStatus(port, `10.0.0.7:${port}`)).toBe(403);
  for (const name of ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
    expect(await upgradeStatus(port, `${name}:${port}`)).toBe(101);
  const open = await start(linearPolicy(), { host: "0.0.0.0" });
  expect(await upgradeStatus(open.port, evil, { origin: `http://${evil}` })).toBe(403);
  for (const name of ["10.0.0.7", hostname(), `${hostname()}.local`])
    expect(await upgradeStatus(open.port, `${name}:${open.port}`)).toBe(101);
  const locked = await start(linearPolicy(), { apiKey: "secret" });
  expect(await upgradeStatus(locked.port, "robots.example", { authorization: "Api-Key secret" })).toBe(101);
});

test("a prompt of megabytes is refused before any work, and neither answer nor log repeat it", async () => {
  const { url, lines } = await start();
  const { socket, frames, closed } = await socketTo(url);
  socket.send(pack({ ...question, prompt: "x".repeat(3_000_000) }));
  expect((await closed)[0]).toBe(1011);
  expect(frames[1]).toBe('TypeError: Expected "prompt" of at most 4096 characters, got 3000000');
  expect(Math.max(...lines.map((line) => JSON.stringify(line).length))).toBeLessThan(300);
  const failing = await start({
    ...linearPolicy(),
    inferBatch: async (batch) => {
      if (batch[0]!.task !== "") throw new Error("y".repeat(1e6));
      return linearPolicy().inferBatch!(batch);
    },
  });
  const other = await socketTo(failing.url);
  other.socket.send(pack(question));
  await other.closed;
  expect(String(other.frames[1]).length).toBeLessThan(1100);
  expect(JSON.stringify(failing.lines.at(-2)).length).toBeLessThan(1300);
});

test("an address that sends nonsense waits longer and longer for its next connection, and others do not", async () => {
  const { url } = await start();
  const connecting = async (localAddress?: string) => {
    const socket = new WebSocket(url, { perMessageDeflate: false, ...(localAddress && { localAddress }) });
    cleanups.push(() => socket.terminate());
    const begin = performance.now();
    await once(socket, "open");
    return { socket, milliseconds: performance.now() - begin };
  };
  const delays: number[] = [];
  for (let fault = 0; fault < 3; fault++) {
    const { socket, milliseconds } = await connecting();
    delays.push(milliseconds);
    socket.send(pack({ prompt: "no state" }));
    await once(socket, "close");
  }
  expect(delays[1]).toBeGreaterThan(240);
  expect(delays[2]).toBeGreaterThan(490);
  // Linux gives the loopback a whole net of addresses.
  if (process.platform === "linux") expect((await connecting("127.0.0.2")).milliseconds).toBeLessThan(delays[1]!);
});

test("a truncated prompt is answered, said under one key and counted", async () => {
  const linear = linearPolicy();
  const requests: PolicyRequest[] = [];
  const inferBatch = async (batch: readonly PolicyRequest[]) => {
    requests.push(...batch);
    return (await linear.inferBatch!(batch)).map((chunk) => ({
      ...chunk,
      promptTruncated: batch[0]!.task.length > 10,
    }));
  };
  const { url, http } = await start({ ...linear, inferBatch });
  const client = await connectClient(url);
  cleanups.push(() => client.close());
  expect(await client.infer(question)).not.toHaveProperty("pistar");
  expect((await client.infer({ ...question, prompt: "a long instruction" })).pistar).toEqual({
    prompt_truncated: true,
  });
  expect(requests.at(-1)!.truncatePrompt).toBe(true);
  expect(await (await fetch(`${http}/metrics`)).text()).toContain("\npistar_truncated_prompts_total 1\n");
});

test("a message that is too long is explained by a text frame, then closed with 1009", async () => {
  const { url } = await start(linearPolicy(), { maxMessage: 1000 });
  const { socket, frames, closed } = await socketTo(url);
  socket.send(Buffer.alloc(500_000));
  expect(await closed).toEqual([1009, "Messages have at most 1000 bytes"]);
  expect(frames[1]).toMatch(/^Expected messages of at most 1000 bytes/);
});

test("silent connections and half requests shut nobody out, and are hung up on", async () => {
  const { url, http, port } = await start();
  const silent: Socket[] = [];
  for (let i = 0; i < 500; i++) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    cleanups.push(() => socket.destroy());
    silent.push(socket);
  }
  for (const socket of silent.slice(-8)) socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
  await until(() => silent.filter(({ closed }) => closed).length > 400);
  expect(await (await fetch(`${http}/healthz`)).text()).toBe("OK\n");
  const client = await connectClient(url);
  cleanups.push(() => client.close());
  expect(firstOf(await client.infer(question))).toBe(12);
  await sleep(5_500);
  expect(silent.filter(({ closed }) => !closed)).toHaveLength(0);
}, 20_000);

test("idle clients keep nobody out for longer than idleSeconds; one address does not get every place", async () => {
  const { url } = await start(linearPolicy(), { maxClients: 3, idleSeconds: 0.2 });
  const idle = await Promise.all(Array.from({ length: 3 }, () => socketTo(url)));
  await expect(connectClient(url)).rejects.toThrow(/HTTP 503\nExpected a free place/);
  await sleep(250);
  const client = await connectClient(url);
  cleanups.push(() => client.close());
  expect(firstOf(await client.infer(question))).toBe(12);
  expect(await Promise.race(idle.map(({ closed }) => closed))).toEqual([
    1008,
    "Idle, and another client wanted the place",
  ]);
  const shared = await start(linearPolicy(), { maxClients: 3, maxClientsPerAddress: 1 });
  await socketTo(shared.url);
  await expect(connectClient(shared.url)).rejects.toThrow(/HTTP 503/);
});

test("wrong keys wait longer each time, the right one does not", async () => {
  const { http } = await start(linearPolicy(), { apiKey: "secret" });
  const timed = async (key: string) => {
    const start = performance.now();
    const { status } = await fetch(`${http}/metrics`, { headers: { authorization: `Api-Key ${key}` } });
    return [status, performance.now() - start] as const;
  };
  const [[first, short], [second, long]] = [await timed("a"), await timed("b")];
  expect([first, second]).toEqual([401, 401]);
  expect(short).toBeGreaterThan(240);
  expect(long).toBeGreaterThan(490);
  const [status, right] = await timed("secret");
  expect(status).toBe(200);
  expect(right).toBeLessThan(200);
});

test("/readyz says whether the policy answers, /healthz that the process lives", async () => {
  let broken = false;
  const linear = linearPolicy();
  const inferBatch: typeof linear.inferBatch = async (batch) => {
    if (broken) throw new Error("the weights are gone");
    return linear.inferBatch!(batch);
  };
  const { http } = await start({ ...linear, inferBatch });
  const ask = async (path: string) => {
    const response = await fetch(`${http}${path}`);
    return [response.status, await response.text()];
  };
  expect(await ask("/readyz")).toEqual([200, "OK\n"]);
  broken = true;
  await sleep(1_050); // an answer is kept for a second
  expect(await ask("/readyz")).toEqual([503, "The policy fails: the weights are gone\n"]);
  expect(await ask("/healthz")).toEqual([200, "OK\n"]);
});

test("a reload to a policy whose answers are no numbers leaves the one that answers", async () => {
  const { server, url } = await start();
  const nan = {
    ...linearPolicy(),
    inferBatch: async (batch: readonly PolicyRequest[]) =>
      batch.map(() => ({ actions: new Float32Array(6).fill(Number.NaN), horizon: 1 })),
  };
  await expect(server.reload(async () => nan)).rejects.toThrow(/finite actions up to 100000 from the policy, got NaN/);
  expect(nan.closed()).toBe(true);
  const client = await connectClient(url);
  cleanups.push(() => client.close());
  expect(firstOf(await client.infer(question))).toBe(12);
});

test("RoboArena's clients: its metadata, a reset that begins an episode, bare arrays", async () => {
  const seeds: unknown[] = [];
  const policy = linearPolicy({ layout: layouts.roboarena, before: (batch) => void seeds.push(batch[0]!.seed) });
  const { url } = await start(policy);
  const { socket, frames } = await socketTo(url);
  const asked = packObservation(layouts.roboarena, {
    images: { exterior: picture, wrist: picture },
    state: new Float32Array(8),
    task: "stack",
  });
  for (const message of [{ ...asked, endpoint: "infer" }, { endpoint: "reset" }, { ...asked, endpoint: "infer" }])
    socket.send(pack(message));
  await until(() => frames.length === 4);
  expect(frames[0]).toEqual({
    image_resolution: [224, 224],
    needs_wrist_camera: true,
    n_external_cameras: 1,
    needs_stereo_camera: false,
    needs_session_id: false,
    action_space: "joint_position",
  });
  expect(frames.slice(1)).toEqual([expect.any(NdArray), "reset successful", expect.any(NdArray)]);
  expect((frames[1] as NdArray).shape).toEqual([3, 8]);
  expect(seeds).toEqual([
    [0, 0],
    [1, 0],
  ]);

  // pistar's own client sees by the metadata what the server speaks.
  const remote = await connectPolicy(url);
  cleanups.push(() => remote.close());
  expect(remote.observationLayout).toEqual(layouts.roboarena);
  await remote.reset(7);
  const seen = { images: { exterior: picture, wrist: picture }, state: new Float32Array(8), task: "stack" };
  expect((await remote.infer(seen)).horizon).toBe(3);
});

test.each(["/", "/v1/realtime/robot/openpi", "/openpi/policy"])("a client may connect to the path %s", async (path) => {
  const { url } = await start();
  const policy = await connectPolicy(`${url}${path}`);
  cleanups.push(() => policy.close());
  expect((await policy.infer(observation)).actions[0]).toBe(12);
});

test("metadata and errors name no path of the server's", async () => {
  const id = "/home/someone/runs/cube/checkpoints/000100/pretrained_model";
  const { url } = await start(linearPolicy({ id }));
  const client = await connectClient(url);
  cleanups.push(() => client.close());
  expect(client.metadata.policy).toBe("cube/000100");
  expect(JSON.stringify(client.metadata)).not.toContain("someone");
});
