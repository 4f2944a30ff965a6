// Collections over worker threads: the same bytes for any number of workers, the death of a worker, resuming, and
// replays.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { createWriter, openDataset, resumeWriter, validateDataset } from "../../src/data/index.ts";
import {
  type CollectOptions,
  collect,
  collectOptions,
  evaluateOptions,
  evaluatePolicy,
  replayEpisode,
} from "../../src/rollout/index.ts";
import { simulation, stations } from "../../src/sim/index.ts";
import { faults } from "../fixtures/faulty-policy.ts";

// Several workers share few cores in a test run.
vi.setConfig({ testTimeout: 180_000 });

const folder = mkdtempSync(join(tmpdir(), "pistar-collect-"));
afterAll(() => rmSync(folder, { recursive: true }));
const faulty = resolve(import.meta.dirname, "../fixtures/faulty-policy.ts");

const options = (name: string, changes: Partial<CollectOptions> = {}): CollectOptions => ({
  ...collectOptions.parse({ out: join(folder, name), episodes: 3, seed: 5, difficulty: 0.3, deadline: 0.5 }),
  stations: simulation,
  ...changes,
});

/** A digest of every file of a dataset. */
function digests(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(root, name)).isFile(),
  );
  const digest = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(root, name)))
      .digest("hex");
  return Object.fromEntries(files.sort().map((name) => [name, digest(name)]));
}

test("one seed gives the same bytes, whatever the number of workers; what was collected is valid and replays", async () => {
  const changes = { policy: "random", supervisor: "scripted" } as const;
  const one = await collect(options("one", { ...changes, workers: 1 }));
  const two = await collect(options("two", { ...changes, workers: 2 }));
  expect(one.collected).toHaveLength(3);
  expect(two).toEqual(one);
  expect(digests(join(folder, "two"))).toEqual(digests(join(folder, "one")));
  expect(await validateDataset(join(folder, "one"))).toEqual([]);
  const dataset = await openDataset(join(folder, "one"));
  expect(dataset.episodes.map(({ extra }) => extra)).toMatchObject(
    one.collected.map(({ outcome }, i) => ({
      episode_success: outcome,
      episode_task: "cube-in-bowl",
      episode_seed: BigInt(5 + i),
      episode_difficulty: 0.3,
      episode_randomise: false,
      episode_policy: "random",
      episode_supervisor: "scripted",
      episode_troubles: "",
    })),
  );
  const setting = { task: "cube-in-bowl", difficulty: 0.3, randomise: false };
  const station = await stations.open(setting, false);
  for (const { index, outcome } of one.collected) {
    const replayed = await replayEpisode(dataset, index!, station);
    expect(replayed).toEqual({
      episode: index,
      task: "cube-in-bowl",
      seed: 5 + index!,
      recorded: outcome,
      replayed: outcome,
      deviation: 0,
    });
  }
  await station.close();
  await dataset.close();
});

test("a dying worker costs its episode alone; running again tries it again", async () => {
  const dies = faults.indexOf("dies");
  const changes = { policy: faulty, seed: dies - 1, workers: 1 };
  const found = await collect(options("dying", changes));
  expect(found.lost).toEqual([
    { task: "cube-in-bowl", difficulty: 0.3, randomise: false, seed: dies, lost: "The worker ended (exit code 7)" },
  ]);
  expect(found.collected.map(({ seed }) => seed)).toEqual([dies - 1, dies + 1]);
  expect(found.collected[0]!.troubles[0]).toMatchObject({ kind: "late", step: 16 });
  const again = await collect(options("dying", changes));
  expect([again.before, again.collected, again.lost]).toEqual([2, [], found.lost]);
  const dataset = await openDataset(join(folder, "dying"));
  expect(dataset.episodes.map(({ extra }) => extra.episode_troubles)).toEqual([
    expect.stringMatching(/^late at period 16: The policy has not answered for 0.5 s/),
    "",
  ]);
  await dataset.close();
  expect(await validateDataset(join(folder, "dying"))).toEqual([]);
});

test("a collection that was stopped goes on where it was, and others are appended", async () => {
  const stop = new AbortController();
  const first = await collect({
    ...options("stopped", { episodes: 12, workers: 1 }),
    signal: stop.signal,
    progress: (done) => done === 1 && stop.abort(),
  });
  expect(first.collected.length).toBeGreaterThanOrEqual(1);
  expect(first.collected.length).toBeLessThan(12);
  const had = first.collected.length;
  const second = await collect(options("stopped", { episodes: had + 2 }));
  expect([second.before, second.collected.map(({ seed }) => seed)]).toEqual([had, [5 + had, 6 + had]]);
  // The same seeds of another policy or task are other episodes.
  expect((await collect(options("stopped", { episodes: 1, policy: "still" }))).collected).toMatchObject([
    { index: had + 2 },
  ]);
  expect((await collect(options("stopped", { episodes: 1, task: "stack-cubes" }))).before).toBe(0);
  // A policy that is found elsewhere now is known by its name.
  const named = { policyName: "a/policy" };
  await collect({ ...options("stopped", { episodes: 1, seed: 100, policy: "random" }), ...named });
  expect(await collect({ ...options("stopped", { episodes: 1, seed: 100, policy: "still" }), ...named })).toMatchObject(
    {
      before: 1,
      collected: [],
    },
  );
  expect(await validateDataset(join(folder, "stopped"))).toEqual([]);
});

test("what cannot be run is said before anything is written", async () => {
  await expect(collect(options("none", { task: "juggle" }))).rejects.toThrow('got "juggle"');
  await expect(collect(options("none", { policy: "genius" }))).rejects.toThrow('got "genius"');
  await expect(collect(options("none", { policy: "ws://127.0.0.1:9" }))).rejects.toThrow("ws://127.0.0.1:9");
  expect(existsSync(join(folder, "none"))).toBe(false);
  const other = join(folder, "other");
  await (
    await createWriter(other, { fps: 25, features: { action: { dtype: "float32", shape: [2], names: null } } })
  ).close();
  await expect(collect(options("other"))).rejects.toThrow(
    /other: expected the feature "observation.state".*another folder/,
  );
  await (await resumeWriter(other)).close(); // it was given back
});

test("an evaluation gives the same with one and two workers, and keeps what was lost apart", async () => {
  const parse = (workers: number) => ({
    ...evaluateOptions.parse({
      policy: faulty,
      seed: faults.indexOf("dies"),
      episodes: 2,
      workers,
      task: ["cube-in-bowl", "stack-cubes"],
    }),
    stations: simulation,
  });
  const one = await evaluatePolicy(parse(1));
  expect(await evaluatePolicy(parse(2))).toEqual(one);
  expect(one.lost.map(({ task }) => task)).toEqual(["cube-in-bowl", "stack-cubes"]);
  expect(one.total).toMatchObject({
    episodes: 2,
    successes: 0,
    successRate: { value: 0, low: 0 },
    throughput: { value: 0 },
  });
  expect(one.byTask["stack-cubes"]).toMatchObject({ episodes: 1 });
});
