// The policy server over loopback, with three 224×224 images a request and [50, 6] actions an answer. It measures round
// trips for 1, 8 and 32 clients less the policy's own time, requests per second, and memory over 50,000 requests
// (--requests N). Server and clients have a thread each. Then a client in Python asks pistar and a Python server in turn,
// and a client measures its answers beside ten neighbours that misbehave. The last line is JSON. Targets: faster than Python at p50 and p99,
// p99 beside the neighbours at most three times that alone, less than 50 MB of growth.
import { once } from "node:events";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import type { Observation } from "../src/robot/index.ts";
import {
  connectClient,
  type Message,
  type ObservationLayout,
  type PolicyClient,
  packObservation,
  servePolicy,
} from "../src/serve/index.ts";
import { median, quantile } from "./median.ts";
import { besidePython } from "./serve-beside-python.ts";
import { hostileNeighbours } from "./serve-hostile.ts";

const layout: ObservationLayout = {
  images: { front: ["observation/front"], left: ["observation/left"], right: ["observation/right"] },
  imageOrder: "HWC",
  state: [{ key: ["observation/state"], size: 6 }],
  prompt: ["prompt"],
  actions: 6,
};

interface Rounds {
  /** Milliseconds of each round trip, and the same less the policy's time. */
  readonly trips: number[];
  readonly protocol: number[];
  readonly perSecond: number;
}

/** Every client asks again right after its answer, up to `count` requests. */
async function rounds(clients: readonly PolicyClient[], question: Message, count: number): Promise<Rounds> {
  const trips: number[] = [];
  const protocol: number[] = [];
  let left = count;
  const ask = async (client: PolicyClient) => {
    while (left-- > 0) {
      const start = performance.now();
      const answer = await client.infer(question);
      const trip = performance.now() - start;
      trips.push(trip);
      protocol.push(trip - Number((answer.policy_timing as Message).infer_ms));
    }
  };
  const start = performance.now();
  await Promise.all(clients.map(ask));
  return { trips, protocol, perSecond: (1000 * count) / (performance.now() - start) };
}

if (isMainThread) {
  const { values } = parseArgs({ options: { requests: { type: "string", default: "50000" } } });
  const requests = Number(values.requests);
  if (!Number.isInteger(requests) || requests < 1) throw new Error(`Expected --requests N, got ${values.requests}`);
  // Workers do not inherit tsx, the reader of TypeScript here.
  const script = `import("${import.meta.resolve("tsx/esm/api")}").then(({ register }) => { register(); import("${import.meta.url}"); })`;
  const worker = new Worker(script, { eval: true });
  const [url] = (await once(worker, "message")) as [string];
  const image = { width: 224, height: 224, data: Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => (i * 31) % 251) };
  const images = { front: image, left: image, right: image };
  const question = packObservation(layout, { images, state: new Float32Array(6), task: "put the cube into the bowl" });
  const withClients = async <T>(count: number, measure: (clients: PolicyClient[]) => Promise<T>) => {
    const clients = await Promise.all(Array.from({ length: count }, () => connectClient(url, { deadline: 60_000 })));
    const result = await measure(clients);
    await Promise.all(clients.map((client) => client.close()));
    return result;
  };
  const round = (value: number) => Math.round(value * 1000) / 1000;
  const byClients: Record<string, Record<string, number>> = {};
  for (const count of [1, 8, 32]) {
    const { trips, protocol, perSecond } = await withClients(count, async (clients) => {
      await rounds(clients, question, 300); // warms up the just-in-time compilers
      return rounds(clients, question, 1500);
    });
    const result = {
      p50: round(median(trips)),
      p99: round(quantile(trips, 0.99)),
      protocolP50: round(median(protocol)),
      protocolP99: round(quantile(protocol, 0.99)),
      perSecond: Math.round(perSecond),
    };
    console.log(
      `${count} clients: ${result.p50} ms (p99 ${result.p99}), without the policy ${result.protocolP50} ms (p99 ${result.protocolP99}), ${result.perSecond} requests/s`,
    );
    byClients[count] = result;
  }
  const memory: number[] = [];
  let sustained = 0;
  await withClients(8, async (clients) => {
    for (let tenth = 0; tenth < 10; tenth++) {
      const { perSecond } = await rounds(clients, question, Math.ceil(requests / 10));
      sustained += perSecond / 10;
      memory.push(process.memoryUsage.rss() / 1e6);
      console.log(`${Math.ceil(requests / 10) * (tenth + 1)} requests: ${memory.at(-1)!.toFixed(0)} MB`);
    }
  });
  await worker.terminate();
  // The first half fills the heap to its usual size.
  const growth = Math.max(...memory.slice(5)) - Math.max(...memory.slice(0, 5));
  const python = await besidePython();
  const neighbours = await hostileNeighbours();
  const memoryGrowthMegabytes = Math.round(growth);
  const result = { requests, perSecond: Math.round(sustained), memoryGrowthMegabytes, python, neighbours };
  console.log(JSON.stringify({ bench: "serve", clients: byClients, ...result }));
} else {
  // A nearly free policy: the state, 50 times.
  const act = ({ state }: Observation) => ({
    horizon: 50,
    actions: Float32Array.from({ length: 300 }, (_, i) => state[i % 6]!),
  });
  const server = await servePolicy(
    {
      id: "nothing",
      reset: async () => {},
      infer: async (request) => act(request),
      inferBatch: async (batch) => batch.map(act),
      close: async () => {},
    },
    { port: 0, layout },
  );
  parentPort!.postMessage(server.url);
}
