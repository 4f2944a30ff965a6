import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Observation, PolicyRequest } from "../../src/robot/index.ts";
import {
  type ClientOptions,
  connectClient,
  connectPolicy,
  layouts,
  type Message,
  NdArray,
  type PolicyClient,
  packLeftover,
  packObservation,
  type ServablePolicy,
  type ServerOptions,
  seedKey,
  servePolicy,
  unpack,
} from "../../src/serve/index.ts";
import { pack } from "../../src/serve/pack.ts";
import { gate, linearPolicy, until } from "./linear-policy.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(policy: ServablePolicy = linearPolicy(), options: ServerOptions = {}) {
  const lines: Record<string, unknown>[] = [];
  const server = await servePolicy(policy, { port: 0, log: (line) => lines.push(JSON.parse(line)), ...options });
  cleanups.push(() => server.close());
  return { server, url: server.url, http: server.url.replace("ws", "http"), lines };
}

async function client(url: string, options: ClientOptions = {}): Promise<PolicyClient> {
  const one = await connectClient(url, options);
  cleanups.push(() => one.close());
  return one;
}

const picture = (value: number) => ({ width: 4, height: 4, data: new Uint8Array(48).fill(value) });
const observation = (shoulder: number): Observation => ({
  images: { front: picture(10), wrist: picture(0) },
  state: Float32Array.of(shoulder, 1, 2, 3, 4, 5),
  task: "stack",
});
const asked = (shoulder: number): Message => packObservation(layouts.so101, observation(shoulder));
/** The first action's first number of the linear policy with gain 2: 2 · shoulder + 10. */
const first = (answer: Message) => (answer.actions as NdArray).data[0];

/** A socket with nothing of ours in it, for those who do not keep to the protocol; its messages, and how it ended. */
async function rawSocket(url: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { perMessageDeflate: false, headers });
  const frames: (string | Message)[] = [];
  socket.on("message", (data, isBinary) => frames.push(isBinary ? (unpack(data as Buffer) as Message) : String(data)));
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  cleanups.push(() => socket.terminate());
  await once(socket, "open");
  return { socket, frames, closed };
}

test("what is left of a chunk reaches a policy that continues it, as it was; another policy never sees it", async () => {
  const leftover = { actions: Float32Array.from({ length: 12 }, (_, i) => i), delay: 1 };
  for (const continues of [true, false]) {
    const seen: PolicyRequest[] = [];
    const before = (batch: readonly PolicyRequest[]) => {
      seen.push(...batch);
    };
    const { url } = await start(linearPolicy({ continues, before }));
    const policy = await connectPolicy(url, { layout: layouts.so101 });
    cleanups.push(() => policy.close());
    expect(policy.continues).toBe(continues);
    await policy.infer(observation(1));
    await policy.infer({ ...observation(1), leftover });
    const one = await client(url);
    await one.infer({ ...asked(1), ...packLeftover(layouts.so101, leftover) });
    const expected = continues ? leftover : undefined;
    expect(seen.map((request) => request.leftover)).toEqual([undefined, expected, expected]);
  }
});

test("the metadata comes first, then actions and timings: no other array, which openpi's broker would take a step of", async () => {
  const { url } = await start(linearPolicy(), { metadata: { rates: [25] } });
  const one = await client(url);
  expect(one.metadata).toEqual({
    policy: "linear",
    rates: [25],
    observation_layout: layouts.so101,
    [seedKey]: true,
  });
  const answer = await one.infer(asked(7));
  const expected = [0, 1, 2].flatMap((h) => [7, 1, 2, 3, 4, 5].map((x) => 2 * x + 10 + h));
  expect(answer).toEqual({
    actions: new NdArray("float32", [3, 6], Float32Array.from(expected)),
    policy_timing: { infer_ms: expect.any(Number) },
    server_timing: { infer_ms: expect.any(Number) },
  });
  const { server_timing } = (await one.infer(asked(7))) as { server_timing: Message };
  expect(server_timing.prev_total_ms).toBeGreaterThan(0);
});

test("a policy by URL is the policy, seeds included", async () => {
  const seeds: unknown[] = [];
  const { url } = await start(linearPolicy({ before: (batch) => void seeds.push(...batch.map(({ seed }) => seed)) }));
  const policy = await connectPolicy(url, { layout: layouts.so101 });
  cleanups.push(() => policy.close());
  await policy.reset(41);
  const chunk = await policy.infer(observation(3));
  await policy.infer(observation(3));
  expect([chunk.horizon, chunk.actions[0]]).toEqual([3, 16]);
  await (await client(url)).infer(asked(0)); // who knows nothing of seeds gets one of its own
  expect(seeds).toEqual([
    [41, 0],
    [41, 1],
    [1, 0],
  ]);
});

test("HTTP on the same port: health, metrics, and a hint for others", async () => {
  const { url, http } = await start();
  const get = async (path: string, method = "GET") => {
    const response = await fetch(`${http}${path}`, { method });
    return [response.status, await response.text()];
  };
  expect(await get("/healthz")).toEqual([200, "OK\n"]);
  expect((await get("/"))[0]).toBe(426);
  expect((await get("/healthz", "POST"))[0]).toBe(405);
  const one = await client(url);
  await one.infer(asked(1));
  await new Promise((resolve) => setTimeout(resolve, 50)); // an answer is counted once it is sent
  const [status, text] = (await get("/metrics")) as [number, string];
  expect(status).toBe(200);
  for (const line of [
    "pistar_clients 1",
    "# TYPE pistar_stage_seconds histogram",
    'pistar_requests_total{outcome="answered"} 1',
    'pistar_requests_total{outcome="bad request"} 0',
    'pistar_connections_total{outcome="accepted"} 1',
    'pistar_stage_seconds_bucket{stage="total",le="+Inf"} 1',
    'pistar_stage_seconds_count{stage="decode"} 1',
    'pistar_batch_size_bucket{le="1"} 1',
    "pistar_batch_size_sum 1",
  ])
    expect(text.split("\n")).toContain(line);
  // Every line is what Prometheus reads.
  expect(text.split("\n").filter((line) => !/^(#.*|[a-z_]+(\{[^{}]*\})? [\d.e+-]+|)$/.test(line))).toEqual([]);
});

test("requests that arrive together go to the policy together, at most maxBatch", async () => {
  const sizes: number[] = [];
  const hold = gate();
  const before = (batch: readonly unknown[]) => {
    sizes.push(batch.length);
    return hold.passed;
  };
  const { url } = await start(linearPolicy({ before }), { maxBatch: 5 });
  const clients = await Promise.all(Array.from({ length: 9 }, () => client(url)));
  const head = clients[0]!.infer(asked(0));
  await until(() => sizes.length === 1);
  const rest = clients.slice(1).map((one, i) => one.infer(asked(i + 1)));
  await new Promise((resolve) => setTimeout(resolve, 200)); // they arrive while the first is answered
  hold.open();
  expect((await Promise.all([head, ...rest])).map(first)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((x) => 2 * x + 10));
  expect(sizes).toEqual([1, 5, 3]);
});

test("a client that does not wait gets its answers in order", async () => {
  const { url } = await start();
  const { socket, frames } = await rawSocket(url);
  for (let i = 0; i < 100; i++) socket.send(pack(asked(i)));
  await until(() => frames.length === 101);
  expect(frames.slice(1).map((frame) => first(frame as Message))).toEqual(
    Array.from({ length: 100 }, (_, i) => 2 * i + 10),
  );
});

test("a client that floods is hung up on, others are served meanwhile", async () => {
  const hold = gate();
  const { url, lines } = await start(linearPolicy({ before: () => hold.passed }));
  const { socket, closed } = await rawSocket(url);
  for (let i = 0; i < 100_000; i++) socket.send(Buffer.of(0x80));
  const flooding = await rawSocket(url);
  flooding.socket.send(pack(asked(0)));
  for (let i = 0; i < 100_000; i++) flooding.socket.send(Buffer.of(0x80));
  // The first is refused for its first empty observation, the second for not waiting.
  expect([1006, 1008, 1011]).toContain(await closed);
  expect([1006, 1008]).toContain(await flooding.closed);
  hold.open();
  expect(first(await (await client(url)).infer(asked(4)))).toBe(18);
  expect(lines.map(({ event }) => event)).toContain("bad request");
});

test("a client that reads nothing is not read from either", async () => {
  let answered = 0;
  const { url } = await start(linearPolicy({ horizon: 100_000, before: () => void answered++ }));
  const { socket } = await rawSocket(url);
  socket.pause();
  for (let i = 0; i < 200; i++) socket.send(pack(asked(i))); // 2.4 MB each in answer
  await until(() => answered > 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(answered).toBeLessThan(50);
});

test("there is room for maxClients", async () => {
  const { url, lines } = await start(linearPolicy(), { maxClients: 2 });
  const one = await client(url);
  await client(url);
  await expect(client(url)).rejects.toThrow(/HTTP 503/);
  await one.close();
  await until(() => lines.some(({ event }) => event === "disconnected"));
  expect(first(await (await client(url)).infer(asked(1)))).toBe(12);
});

test.each<[string, Buffer | string | Uint8Array, RegExp]>([
  ["no msgpack", Buffer.of(0xc1), /^RangeError: .*0xc1/],
  ["a cut-off message", Buffer.from(pack(asked(1))).subarray(0, 60), /cut off/],
  ["deep nesting", Buffer.alloc(1000, 0x91), /at most 32 levels/],
  ["a list", pack([1, 2]), /^TypeError: Expected an observation as a dict, got a list/],
  [
    "an observation without its state",
    pack({ prompt: "x" }),
    /"observation\/state" as an array of 6 numbers, got nothing/,
  ],
  ["text", "hello", /Expected a binary frame/],
  ["a wrong seed", pack({ ...asked(1), [seedKey]: [1] }), /two whole numbers/],
])("%s costs the client its connection, after a text frame, and nobody else anything", async (_, frame, message) => {
  const { url } = await start();
  const good = await client(url);
  const { socket, frames, closed } = await rawSocket(url);
  socket.send(frame);
  expect(await closed).toBe(1011);
  expect(frames).toEqual([expect.any(Object), expect.stringMatching(message)]);
  expect(first(await good.infer(asked(2)))).toBe(14);
});

test("a message larger than maxMessage ends the connection", async () => {
  const { url, lines } = await start(linearPolicy(), { maxMessage: 1000 });
  const { socket, closed } = await rawSocket(url);
  socket.send(Buffer.alloc(1001));
  expect(await closed).toBe(1009);
  expect(lines).toContainEqual(expect.objectContaining({ event: "protocol error", client: 0 }));
  expect(first(await (await client(url)).infer(asked(2)))).toBe(14);
});

test("an error of the policy reaches the client whose request it was, not those in its batch", async () => {
  const hold = gate();
  let batches = 0;
  const before = async (batch: readonly Observation[]) => {
    if (++batches === 1) await hold.passed;
    if (batch.some(({ state }) => state[0] === 13)) throw new Error("No luck");
  };
  const { url, http } = await start(linearPolicy({ before }));
  const clients = await Promise.all(Array.from({ length: 4 }, () => client(url)));
  const answers = [1, 12, 13, 14].map((x, i) => clients[i]!.infer(asked(x)));
  await new Promise((resolve) => setTimeout(resolve, 50));
  hold.open();
  const settled = await Promise.allSettled(answers);
  expect(settled.map((one) => (one.status === "fulfilled" ? first(one.value) : one.reason.message))).toEqual([
    12,
    34,
    expect.stringMatching(/reports:\nError: No luck$/),
    38,
  ]);
  expect(await (await fetch(`${http}/metrics`)).text()).toContain('pistar_requests_total{outcome="policy error"} 1');
});

test.each([
  ["the wrong shape", new Float32Array(7), /action chunks \[1, 6\] from the policy, got 7/],
  ["what no robot can do", Float32Array.of(1, 2, 3, Number.NaN, 5, 6), /finite actions.* from the policy, got NaN/],
  ["numbers without bounds", Float32Array.of(1, 2, 3, 1e30, 5, 6), /up to 100000 from the policy, got 1.0000000150/],
])(
  "a policy that answers with %s is named in an error, and not served at all where it begins so",
  async (_, actions, message) => {
    const linear = linearPolicy();
    const inferBatch = async () => [{ actions, horizon: 1 }];
    await expect(start({ ...linear, inferBatch })).rejects.toThrow(message);
    const question = asked(1);
    let questions = 0;
    const { url } = await start({
      ...linear,
      inferBatch: (batch) => (questions++ < 6 ? linear.inferBatch!(batch) : inferBatch()),
    });
    expect(questions).toBe(6); // batches of 1, 2, 4, … 32
    await expect((await client(url)).infer(question)).rejects.toThrow(message);
  },
);

test("closing answers what has arrived, takes nothing new, and closes the policy", async () => {
  const hold = gate();
  let batches = 0;
  const before = () => {
    batches++;
    return hold.passed;
  };
  const policy = linearPolicy({ before });
  const { server, url } = await start(policy);
  const { socket, frames, closed } = await rawSocket(url);
  socket.send(pack(asked(1)));
  socket.send(pack(asked(2)));
  await until(() => batches === 1);
  await new Promise((resolve) => setTimeout(resolve, 100)); // the second arrives
  const closing = server.close();
  await expect(client(url)).rejects.toThrow(/ECONNREFUSED|503/);
  socket.send(pack(asked(3)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(policy.closed()).toBe(false);
  hold.open();
  await closing;
  expect(await closed).toBe(1001);
  expect(frames.slice(1).map((frame) => first(frame as Message))).toEqual([12, 14]);
  expect(policy.closed()).toBe(true);
});

test("a reload changes the policy between two batches, and a failed one leaves it", async () => {
  const hold = gate();
  let batches = 0;
  const before = () => {
    batches++;
    return hold.passed;
  };
  const old = linearPolicy({ before, id: "one" });
  const { server, url } = await start(old);
  const [one, two] = [await client(url), await client(url)];
  const running = one.infer(asked(1));
  await until(() => batches === 1);
  const reloading = server.reload(async () => linearPolicy({ gain: 100, id: "two" }));
  const next = two.infer(asked(1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(old.closed()).toBe(false);
  hold.open();
  expect([first(await running), first(await next)]).toEqual([12, 110]);
  await reloading;
  expect(old.closed()).toBe(true);
  expect((await client(url)).metadata.policy).toBe("two");

  await expect(server.reload(() => Promise.reject(new Error("no such file")))).rejects.toThrow("no such file");
  const aloha = linearPolicy({ layout: layouts.aloha });
  await expect(server.reload(async () => aloha)).rejects.toThrow(/Expected a policy of the layout/);
  expect(aloha.closed()).toBe(true);
  expect(first(await one.infer(asked(1)))).toBe(110);
});

test("with an API key, only who has it connects or reads the metrics", async () => {
  const { url, http, lines } = await start(linearPolicy(), { apiKey: "secret" });
  for (const options of [{}, { apiKey: "wrong" }, { apiKey: "secret2" }])
    await expect(client(url, options)).rejects.toThrow(/HTTP 401: check the API key/);
  expect(first(await (await client(url, { apiKey: "secret" })).infer(asked(1)))).toBe(12);
  const status = async (path: string, authorization: string) =>
    (await fetch(`${http}${path}`, { headers: { authorization } })).status;
  expect(await Promise.all([status("/metrics", "Api-Key x"), status("/metrics", "Api-Key secret")])).toEqual([
    401, 200,
  ]);
  expect(await status("/healthz", "")).toBe(200);
  expect(JSON.stringify(lines)).not.toContain("secret");
});

test("a web page elsewhere cannot connect", async () => {
  const { url } = await start();
  await expect(rawSocket(url, { origin: "https://example.org" })).rejects.toThrow(/403/);
  await rawSocket(url, { origin: url.replace("ws", "http") });
});

test("it listens on this machine alone unless told otherwise, and says so when the port is taken", async () => {
  const { url, lines } = await start();
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
  expect(lines).toEqual([{ time: expect.any(String), event: "listening", url }]);
  await expect(servePolicy(linearPolicy(), { port: Number(new URL(url).port) })).rejects.toThrow(
    /Expected to listen on 127.0.0.1:\d+, got EADDRINUSE: another program.*choose another port/,
  );
  await expect(servePolicy(linearPolicy(), { maxBatch: 0 })).rejects.toThrow(/maxBatch of at least 1, got 0/);
});

const openssl = spawnSync("openssl", ["version"]).status === 0;
test.skipIf(!openssl)("with a certificate it speaks wss, to those who trust it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-tls-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", [...kind, "-keyout", key, "-out", cert, ...names], { stdio: "ignore" });
  const { url } = await start(linearPolicy(), { tls: { cert, key } });
  expect(url).toMatch(/^wss:/);
  await expect(
    start(linearPolicy(), { tls: { cert, key: join(import.meta.dirname, "server.test.ts") } }),
  ).rejects.toThrow(/Expected a certificate in .*cert.pem and its key in .*server.test.ts, PEM both/);
  await expect(client(url)).rejects.toThrow(/self-signed certificate/);
  expect(first(await (await client(url, { ca: readFileSync(cert) })).infer(asked(1)))).toBe(12);
});
