import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { Observation, Policy } from "../robot/index.ts";
import { layouts } from "./layout.ts";
import { leftoverKeys } from "./leftover.ts";
import { promptsKey, seedKey } from "./metadata.ts";
import { NdArray } from "./ndarray.ts";
import { NoAnswerError, type NoAnswerReason } from "./no-answer.ts";
import { type Message, pack } from "./pack.ts";
import type { ServablePolicy } from "./policy-layout.ts";
import { connectPolicy, type RemotePolicyOptions } from "./remote-policy.ts";
import { unpack } from "./unpack.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Answer = (socket: WebSocket, message: Message, request: IncomingMessage) => void | Promise<void>;

/** A server as openpi's is described: metadata first, then whatever `answer` does with each frame. */
async function serve(answer: Answer, metadata: Message = {}, port = 0) {
  const server = new WebSocketServer({ port, host: "127.0.0.1", perMessageDeflate: false });
  server.on("connection", (socket, request) => {
    socket.send(pack(metadata));
    socket.on("message", (data) => answer(socket, unpack(data as Buffer) as Message, request));
  });
  await once(server, "listening");
  const stop = async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  cleanups.push(stop);
  return { port: (server.address() as AddressInfo).port, stop, server };
}

async function policyOf(port: number, options: Partial<RemotePolicyOptions> = {}): Promise<Policy> {
  const policy = await connectPolicy(`ws://127.0.0.1:${port}`, { layout: layouts.so101, deadline: 500, ...options });
  cleanups.push(() => policy.close());
  return policy;
}

const image = (value: number) => ({ width: 3, height: 2, data: new Uint8Array(18).fill(value) });
const observation = (shoulder = 0): Observation => ({
  images: { front: image(1), wrist: image(2) },
  state: Float32Array.of(shoulder, 1, 2, 3, 4, 5),
  task: "stack the cubes",
});

/** Two steps: the state, and the state plus one. */
function echo(socket: WebSocket, message: Message): void {
  const { data } = message["observation/state"] as NdArray;
  const actions = Float64Array.of(...(data as Float32Array), ...(data as Float32Array).map((x) => x + 1));
  socket.send(pack({ actions: new NdArray("float64", [2, 6], actions), server_timing: { infer_ms: 1.5 } }));
}

async function failure(policy: Policy, shoulder = 0): Promise<{ reason: NoAnswerReason; message: string }> {
  const error = await policy.infer(observation(shoulder)).catch((error) => error);
  expect(error).toBeInstanceOf(NoAnswerError);
  return error;
}

test("actions are asked for in the server's keys and come back as a chunk", async () => {
  const asked: Message[] = [];
  const { port } = await serve((socket, message, request) => {
    asked.push(message);
    expect(request.headers.authorization).toBe("Api-Key secret");
    echo(socket, message);
  });
  const policy = await policyOf(port, { apiKey: "secret" });
  expect(policy.id).toBe(`ws://127.0.0.1:${port}`);
  await policy.reset(3);
  expect(await policy.infer(observation(7))).toEqual({
    horizon: 2,
    actions: Float32Array.of(7, 1, 2, 3, 4, 5, 8, 2, 3, 4, 5, 6),
  });
  expect(asked).toEqual([
    {
      "observation/images/front": new NdArray("uint8", [2, 3, 3], image(1).data),
      "observation/images/wrist": new NdArray("uint8", [2, 3, 3], image(2).data),
      "observation/state": new NdArray("float32", [6], observation(7).state),
      prompt: "stack the cubes",
    },
  ]);
});

test("a server that says it takes a seed is sent one, with the number of the question", async () => {
  const seeds: unknown[] = [];
  const { port } = await serve(
    (socket, message) => {
      seeds.push(message[seedKey]);
      echo(socket, message);
    },
    { [seedKey]: true },
  );
  const policy = await policyOf(port);
  for (const seed of [5, 6]) {
    await policy.reset(seed);
    for (let i = 0; i < 2; i++) await policy.infer(observation());
  }
  expect(seeds).toEqual([
    [5, 0],
    [5, 1],
    [6, 0],
    [6, 1],
  ]);
});

test("what is left of a chunk is sent to a server that says it takes it, and to no other", async () => {
  for (const takes of [false, true]) {
    const asked: string[][] = [];
    const { port } = await serve(
      (socket, message) => {
        asked.push(Object.keys(message).filter((key) => key.startsWith("rtc/")));
        echo(socket, message);
      },
      takes ? { [leftoverKeys.actions]: true } : {},
    );
    const policy = await policyOf(port);
    expect(policy.continues).toBe(takes);
    await policy.infer(observation());
    await policy.infer({ ...observation(), leftover: { actions: new Float32Array(6), delay: 0 } });
    expect(asked).toEqual([[], takes ? ["rtc/prev_actions", "rtc/delay"] : []]);
  }
});

test("a late answer is an error, and never taken for the next one", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { port } = await serve(async (socket, message) => {
    await released;
    echo(socket, message);
  });
  const policy = await policyOf(port);
  expect(await failure(policy, 10)).toMatchObject({ reason: "late", message: /did not send an answer within \d+ ms/ });
  release();
  expect((await policy.infer(observation(20))).actions[0]).toBe(20);
});

test("a connection on which nothing comes any more is replaced", async () => {
  let silent = true;
  const { port, server } = await serve((socket, message) => {
    if (!silent) echo(socket, message);
  });
  const policy = await policyOf(port);
  const [first] = server.clients;
  expect((await failure(policy)).reason).toBe("late");
  expect(await failure(policy)).toMatchObject({ reason: "late", message: /an earlier question/ });
  silent = false;
  expect((await policy.infer(observation(3))).actions[0]).toBe(3);
  expect(server.clients.has(first!)).toBe(false);
});

test("it reconnects to a server that went away and came back", async () => {
  const { port, stop } = await serve(echo);
  const policy = await policyOf(port);
  await policy.infer(observation());
  await stop();
  expect(await failure(policy)).toMatchObject({ reason: "disconnected" });
  await serve(echo, {}, port);
  expect((await policy.infer(observation(4))).actions[0]).toBe(4);
});

test("the server's traceback is in the error, and the next question goes over a new connection", async () => {
  let broken = true;
  const { port } = await serve((socket, message) => {
    if (!broken) return echo(socket, message);
    socket.send("Traceback: KeyError 'observation/state'");
    socket.close(1011, "Internal server error.");
  });
  const policy = await policyOf(port);
  expect(await failure(policy)).toMatchObject({ reason: "server error", message: /KeyError 'observation\/state'/ });
  broken = false;
  expect((await policy.infer(observation(5))).actions[0]).toBe(5);
});

test.each([
  ["no msgpack", Buffer.of(0xc1), /not openpi's protocol.*0xc1/],
  ["a list", pack([1]), /Expected a dict or an array, got a list/],
])("%s as an answer is an error of the server's", async (_, answer, message) => {
  const { port } = await serve((socket) => socket.send(answer));
  expect(await failure(await policyOf(port))).toMatchObject({ reason: "server error", message });
});

test.each([
  ["no actions", {}, /\[horizon, 6\], got nothing/],
  [
    "another robot's actions",
    { actions: new NdArray("float32", [2, 7], new Float32Array(14)) },
    /got an array of float32 \[2,7\]/,
  ],
  [
    "no number",
    { actions: new NdArray("float32", [1, 6], new Float32Array(6).fill(Number.NaN)) },
    /finite actions.*NaN/,
  ],
])("%s cannot be acted on", async (_, answer, message) => {
  const { port } = await serve((socket) => socket.send(pack(answer)));
  await expect((await policyOf(port)).infer(observation())).rejects.toThrow(message);
});

test("without a server, with a wrong key or a wrong URL it does not connect", async () => {
  const { port, stop } = await serve(echo);
  await stop();
  await expect(policyOf(port)).rejects.toMatchObject({ reason: "disconnected", message: /ECONNREFUSED/ });
  const refusing = new WebSocketServer({ port: 0, host: "127.0.0.1", verifyClient: (_, done) => done(false, 401) });
  await once(refusing, "listening");
  const refusal = policyOf((refusing.address() as AddressInfo).port);
  await expect(refusal).rejects.toMatchObject({ reason: "disconnected", message: /HTTP 401: check the API key/ });
  refusing.close();
  await expect(connectPolicy("localhost:8000", { layout: layouts.so101 })).rejects.toThrow(/such as ws:/);
});

test("one question at a time, and none after closing", async () => {
  const { port } = await serve(echo);
  const policy = await policyOf(port);
  const first = policy.infer(observation(1));
  await expect(policy.infer(observation(2))).rejects.toThrow(/one question at a time/);
  expect((await first).actions[0]).toBe(1);
  await policy.close();
  await expect(policy.infer(observation())).rejects.toThrow(/closed/);
});

test("several instructions are one request to a server that offers it", async () => {
  const asked: Message[] = [];
  const answers = [
    new NdArray(
      "float32",
      [2, 1, 6],
      Float32Array.from({ length: 12 }, (_, i) => i),
    ),
  ];
  const { port } = await serve(
    (socket, message) => {
      asked.push(message);
      socket.send(pack({ actions: answers.shift() ?? new NdArray("float32", [1, 6], new Float32Array(6)) }));
    },
    { [promptsKey]: true },
  );
  const policy = (await policyOf(port)) as ServablePolicy;
  const chunks = await policy.inferPrompts!(observation(), ["stack", "stack well"]);
  expect(chunks.map(({ horizon, actions }) => [horizon, ...actions])).toEqual([
    [1, 0, 1, 2, 3, 4, 5],
    [1, 6, 7, 8, 9, 10, 11],
  ]);
  expect(asked[0]![promptsKey]).toEqual(["stack", "stack well"]);
  await expect(policy.inferPrompts!(observation(), ["a", "b"])).rejects.toThrow(
    `Expected the server's "actions" as floats [2, horizon, 6] for 2 prompts, got an array of float32 [1,6]`,
  );
});

test("other servers are asked for one instruction at a time", async () => {
  const { port } = await serve(() => {});
  expect(((await policyOf(port)) as ServablePolicy).inferPrompts).toBeUndefined();
});
