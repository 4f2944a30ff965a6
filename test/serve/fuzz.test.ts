// Mutated frames and mutated TCP streams against a server. A well-behaved client is served meanwhile.
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import {
  connectClient,
  layouts,
  type NdArray,
  type PolicyServer,
  packLeftover,
  packObservation,
  servePolicy,
} from "../../src/serve/index.ts";
import { pack } from "../../src/serve/pack.ts";
import { type Random, random } from "../../src/system/index.ts";
import { linearPolicy } from "./linear-policy.ts";

const picture = { width: 3, height: 2, data: new Uint8Array(18).fill(10) };
const asked = {
  ...packObservation(layouts.so101, {
    images: { front: picture, wrist: picture },
    state: Float32Array.of(1, 2, 3, 4, 5, 6),
    task: "stack",
  }),
  ...packLeftover(layouts.so101, { actions: new Float32Array(12), delay: 1 }),
};
const honest = Buffer.from(pack(asked));

let server: PolicyServer;
afterEach(() => server.close());

/** Some bytes changed, and sometimes the end cut off or something put in. */
function mutate(bytes: Buffer, generator: Random): Buffer {
  const mutated = Buffer.from(bytes);
  for (let n = generator.integer(4); n >= 0; n--) mutated[generator.integer(mutated.length)] = generator.integer(256);
  const cut = generator.integer(mutated.length);
  const kind = generator.integer(4);
  if (kind === 0) return mutated.subarray(0, cut);
  if (kind === 1) return Buffer.concat([mutated.subarray(0, cut), bytes.subarray(generator.integer(cut + 1))]);
  return mutated;
}

/** Asks the well-behaved client's question, and how many others are connected. */
async function witness() {
  const client = await connectClient(server.url);
  return {
    async check(): Promise<void> {
      const { actions } = await client.infer(asked);
      expect((actions as NdArray).data[0]).toBe(12);
    },
    async alone(): Promise<void> {
      const clients = async () => {
        const text = await (await fetch(`${server.url.replace("ws", "http")}/metrics`)).text();
        return Number(text.match(/^pistar_clients (\d+)$/m)?.[1]);
      };
      for (let i = 0; i < 100 && (await clients()) > 1; i++) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await clients()).toBe(1);
    },
    close: () => client.close(),
  };
}

// Each sender has an address of its own, or it would wait after its first refused message. Linux gives the loopback a whole net of them.
test.runIf(process.platform === "linux")("3,000 mutated messages cost nobody but their senders anything", async () => {
  server = await servePolicy(linearPolicy({ continues: true }), { port: 0 });
  const good = await witness();
  const generator = random(7);
  let answered = 0;
  let refused = 0;
  for (let i = 0; i < 3000; i += 30) {
    const senders = Array.from({ length: 30 }, async (_, at) => {
      const localAddress = `127.1.${Math.floor((i + at) / 250)}.${((i + at) % 250) + 1}`;
      const socket = new WebSocket(server.url, { perMessageDeflate: false, localAddress });
      socket.on("error", () => {});
      await once(socket, "message");
      const frame = mutate(honest, generator);
      socket.send(frame, { binary: generator.integer(20) > 0 });
      // Text that is not UTF-8 is the end of a WebSocket without a word.
      const [, isBinary] = await Promise.race([once(socket, "message"), once(socket, "close")]);
      if (isBinary === true) answered++;
      else refused++;
      if (generator.integer(2) === 0) socket.terminate();
      else socket.close();
    });
    await Promise.all([...senders, good.check()]);
  }
  expect(answered + refused).toBe(3000);
  expect(refused).toBeGreaterThan(1000);
  expect(answered).toBeGreaterThan(100); // a changed pixel is an observation too
  await good.alone();
  await good.close();
});

test("500 mutated WebSocket streams neither", async () => {
  server = await servePolicy(linearPolicy({ continues: true }), { port: 0, maxMessage: 100_000 });
  const good = await witness();
  const generator = random(8);
  const { port, host } = new URL(server.url);
  const handshake = [
    "GET / HTTP/1.1",
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
    "\r\n",
  ].join("\r\n");
  // Frames as a client sends them, masked with zeros.
  const frame = Buffer.concat([Buffer.of(0x82, 0xfe, honest.length >> 8, honest.length & 0xff, 0, 0, 0, 0), honest]);
  const stream = Buffer.concat([Buffer.from(handshake), frame, frame]);
  for (let i = 0; i < 500; i += 10) {
    const senders = Array.from({ length: 10 }, async () => {
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => {});
      socket.resume();
      const closed = new Promise((resolve) => socket.once("close", resolve));
      // The handshake's bytes in one stream of four; else only what comes after it.
      const from = generator.integer(4) === 0 ? 0 : handshake.length;
      socket.write(Buffer.concat([stream.subarray(0, from), mutate(stream.subarray(from), generator)]));
      setTimeout(() => socket.destroy(), 30);
      await closed;
    });
    await Promise.all([...senders, good.check()]);
  }
  await good.alone();
  await good.close();
});
