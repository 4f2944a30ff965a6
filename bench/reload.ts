// A client's answers while the server loads its policy again: a nano policy of one training step, one client that asks as soon as it has its
// answer. Rounds alternate between a quiet second and a reload. Prints p50 and p95 of both; last line: JSON with the ratio of the p95s.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPolicyInThread } from "../src/policy/index.ts";
import { collect, collectOptions } from "../src/rollout/index.ts";
import { connectClient, layouts, packObservation, servePolicy } from "../src/serve/index.ts";
import { simulation } from "../src/sim/index.ts";
import { trainPolicy } from "../src/train/index.ts";
import { median, quantile } from "./median.ts";

const rounds = 3;
/** Requests at once: each size of batch is compiled by itself. */
const maxBatch = 4;
const folder = mkdtempSync(join(tmpdir(), "pistar-reload-"));
try {
  const demos = { out: join(folder, "demos"), task: "push-to-target", episodes: 1, difficulty: 0, workers: 1 };
  await collect({ ...collectOptions.parse(demos), stations: simulation });
  const run = join(folder, "run");
  const options = { steps: 1, batchSize: 2, workers: 0, heldOut: 0, fast: false } as const;
  await trainPolicy({ run, datasets: [{ root: demos.out }], options });

  const open = () => openPolicyInThread(run);
  const server = await servePolicy(await open(), { port: 0, maxBatch });
  const client = await connectClient(server.url, { deadline: 60_000 });
  const image = { width: 224, height: 224, data: new Uint8Array(224 * 224 * 3).fill(90) };
  const observation = { images: { front: image, wrist: image }, state: new Float32Array(6), task: "push the block" };
  const question = packObservation(layouts.so101, observation);
  /** Round trips in milliseconds until something has happened. */
  const tripsUntil = async (happened: Promise<unknown>): Promise<number[]> => {
    const trips: number[] = [];
    let over = false;
    void happened.then(() => {
      over = true;
    });
    while (!over) {
      const start = performance.now();
      await client.infer(question);
      trips.push(performance.now() - start);
    }
    return trips;
  };
  const second = () => new Promise((resolve) => setTimeout(resolve, 1000));
  await tripsUntil(second());
  const quiet: number[] = [];
  const reloading: number[] = [];
  for (let round = 0; round < rounds; round++) {
    quiet.push(...(await tripsUntil(second())));
    reloading.push(...(await tripsUntil(server.reload(open))));
  }
  await client.close();
  await server.close();
  const summary = (trips: number[]) => ({ count: trips.length, p50: median(trips), p95: quantile(trips, 0.95) });
  const [before, during] = [summary(quiet), summary(reloading)];
  for (const [name, { count, p50, p95 }] of Object.entries({ quiet: before, reloading: during }))
    console.log(`${name}: ${count} answers, p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`);
  console.log(JSON.stringify({ bench: "reload", before, during, p95Ratio: during.p95 / before.p95 }));
} finally {
  rmSync(folder, { recursive: true });
}
