// One client's answers while ten neighbours misbehave, each in its own way: alone first, then beside them, in turns. Server, neighbours and
// client are processes of their own, and each neighbour has an address of its own. Each goes on as fast as the server lets it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import type { Observation } from "../src/robot/index.ts";
import {
  connectClient,
  layouts,
  type Message,
  NdArray,
  pack,
  packObservation,
  servePolicy,
} from "../src/serve/index.ts";
import { median, quantile } from "./median.ts";

const key = "secret";
const rounds = 4;
const secondsEach = 3;

const picture = { width: 224, height: 224, data: Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => (i * 31) % 251) };
const question = packObservation(layouts.so101, {
  images: { front: picture, wrist: picture },
  state: new Float32Array(6),
  task: "put the cube into the bowl",
});
const tiny = { width: 8, height: 8, data: new Uint8Array(192) };
const small = packObservation(layouts.so101, {
  images: { front: tiny, wrist: tiny },
  state: new Float32Array(6),
  task: "stack",
});

export interface HostileResult {
  readonly alone: { readonly p50: number; readonly p99: number };
  readonly beside: { readonly p50: number; readonly p99: number };
  readonly p99Ratio: number;
}

/** Measures, prints and returns both. */
export async function hostileNeighbours(): Promise<HostileResult> {
  const server = role("server");
  const url = await line(server);
  const neighbours = role("neighbours", url);
  await line(neighbours);
  const client = await connectClient(url, { deadline: 60_000, apiKey: key });
  const trips = async (): Promise<number[]> => {
    const found: number[] = [];
    for (const end = performance.now() + 1000 * secondsEach; performance.now() < end; ) {
      const start = performance.now();
      await client.infer(question);
      found.push(performance.now() - start);
    }
    return found;
  };
  await trips(); // warms up the just-in-time compilers
  const [alone, beside]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    alone.push(...(await trips()));
    neighbours.stdin!.write("begin\n");
    await sleep(200);
    beside.push(...(await trips()));
    neighbours.stdin!.write("rest\n");
    await sleep(500);
  }
  await client.close();
  for (const child of [neighbours, server]) child.kill();
  const of = (all: number[]) => ({ p50: rounded(median(all)), p99: rounded(quantile(all, 0.99)) });
  const result = {
    alone: of(alone),
    beside: of(beside),
    p99Ratio: rounded(quantile(beside, 0.99) / quantile(alone, 0.99)),
  };
  console.log(
    `Beside ten neighbours that misbehave: ${result.beside.p50} ms (p99 ${result.beside.p99}), alone ${result.alone.p50} ms ` +
      `(p99 ${result.alone.p99}), ratio of the p99s ${result.p99Ratio}`,
  );
  return result;
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

const role = (...args: string[]): ChildProcess =>
  spawn(process.execPath, ["--import", import.meta.resolve("tsx"), fileURLToPath(import.meta.url), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });

async function line(child: ChildProcess): Promise<string> {
  const [text] = (await once(createInterface(child.stdout!), "line")) as [string];
  return text;
}

/** Whether the neighbours are at it, and a promise of the next time that they are. */
const going = { now: false, begin: () => {}, next: Promise.resolve() };

/** The server, and the address that a neighbour comes from. */
interface Way {
  readonly url: string;
  readonly localAddress: string;
}

/** A WebSocket of the server, with its first frame read. Undefined if it was refused. */
async function socketTo(
  { url, localAddress }: Way,
  headers: Record<string, string> = { authorization: `Api-Key ${key}` },
) {
  const socket = new WebSocket(url, { perMessageDeflate: false, headers, localAddress });
  socket.on("error", () => {});
  const greeted = await Promise.race([once(socket, "message"), once(socket, "close").then(() => undefined)]);
  return greeted ? socket : undefined;
}

/** Sends a message and waits for its answer or for the end of the connection. */
async function provoke(way: Way, message: Message | Buffer): Promise<void> {
  const socket = await socketTo(way);
  if (!socket) return;
  socket.send(Buffer.isBuffer(message) ? message : pack(message));
  await Promise.race([once(socket, "message"), once(socket, "close")]);
  socket.terminate();
}

/** Bytes to the server's port. @param wait milliseconds until the connection is left */
async function bytesTo({ url, localAddress }: Way, text: string, wait: number): Promise<void> {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  if (text) socket.write(text);
  await sleep(wait);
  socket.destroy();
}

const leftover = (steps: number, value: number) => ({
  ...small,
  "rtc/prev_actions": new NdArray("float32", [steps, 6], new Float32Array(6 * steps).fill(value)),
  "rtc/delay": 3,
});

/** The neighbours, each with one turn of its misbehaviour. */
const misbehaviours: Readonly<Record<string, (way: Way) => Promise<unknown>>> = {
  "prompts of 3 MB": (way) => provoke(way, { ...small, prompt: "x".repeat(3_000_000) }),
  "messages above the limit": (way) => provoke(way, Buffer.alloc(17 * 2 ** 20)),
  "wrong keys": (way) => socketTo(way, { authorization: "Api-Key guess" }),
  "pages of another origin": (way) =>
    socketTo(way, { authorization: `Api-Key ${key}`, origin: "http://evil.example:8000" }),
  "pictures in floats above 1": (way) =>
    provoke(way, {
      ...small,
      "observation/images/front": new NdArray("float32", [224, 224, 3], new Float32Array(224 * 224 * 3).fill(2)),
    }),
  "leftovers of 500,000 steps": (way) => provoke(way, leftover(500_000, 1)),
  "leftovers of 1e30": (way) => provoke(way, leftover(50, 1e30)),
  "resets without end": async (way) => {
    const socket = await socketTo(way);
    for (let i = 0; socket && i < 200 && socket.readyState === socket.OPEN; i++) {
      socket.send(pack({ endpoint: "reset" }));
      if (i % 20 === 19) await sleep(1);
    }
    socket?.terminate();
  },
  "questions without reading answers": async (way) => {
    const socket = await socketTo(way);
    socket?.pause();
    for (let i = 0; socket && i < 50 && socket.readyState === socket.OPEN; i++) socket.send(pack(small));
    await sleep(100);
    socket?.terminate();
  },
  "connections that say nothing or half a request": (way) =>
    Promise.all([
      ...Array.from({ length: 20 }, () => bytesTo(way, "", 100)),
      ...Array.from({ length: 20 }, () => bytesTo(way, "GET / HTTP/1.1\r\nHost: 127", 100)),
    ]),
};

async function beNeighbours(url: string): Promise<void> {
  const rest = () => {
    going.now = false;
    going.next = new Promise((resolve) => {
      going.begin = resolve;
    });
  };
  rest();
  createInterface(process.stdin).on("line", (text) => {
    if (text === "rest") return rest();
    going.now = true;
    going.begin();
  });
  process.stdin.on("end", () => process.exit());
  for (const [i, turn] of Object.values(misbehaviours).entries())
    void (async () => {
      for (;;) {
        await going.next;
        while (going.now) {
          await turn({ url, localAddress: `127.0.0.${i + 2}` }).catch(() => {});
          await sleep(1);
        }
      }
    })();
  console.log("ready");
}

async function beServer(): Promise<void> {
  const act = ({ state }: Observation) => ({
    horizon: 50,
    actions: Float32Array.from({ length: 300 }, (_, i) => state[i % 6]!),
  });
  const server = await servePolicy(
    {
      id: "nothing",
      continues: true,
      reset: async () => {},
      infer: async (request) => act(request),
      inferBatch: async (batch) => batch.map(act),
      close: async () => {},
    },
    { port: 0, layout: layouts.so101, apiKey: key },
  );
  console.log(server.url);
  process.stdin.on("end", () => process.exit()).resume();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === "server") await beServer();
  else await beNeighbours(process.argv[3]!);
}
