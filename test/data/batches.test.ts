import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { serialize } from "node:v8";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Batch, BatchAssembler } from "../../src/data/batch.ts";
import { BatchLoader, type BatchLoaderOptions } from "../../src/data/batch-loader.ts";
import { type BatchSource, batchSource } from "../../src/data/batch-source.ts";
import { nobody, recordingFeatures } from "../../src/data/recording.ts";
import { resizeWithPad } from "../../src/data/resize.ts";
import type { Column } from "../../src/data/types.ts";
import { whereSomebodyActs } from "../../src/train/training-data.ts";
import { type MemoryDataset, memoryDataset } from "./memory-dataset.ts";

const size = { height: 8, width: 8 };
let directory: string;
let both: MemoryDataset;
let single: MemoryDataset;
let sources: BatchSource[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "pistar-batches-"));
  both = memoryDataset({ lengths: [9, 30, 4], cameras: ["top", "wrist"], firstEpisode: 5 });
  single = memoryDataset({ lengths: [25, 12], cameras: ["front"], stateSize: 2, actionSize: 3, seed: 2 });
  sources = [
    await batchSource(both, {
      ...size,
      directory: join(directory, "both"),
      cameras: { base: "top", hand: "wrist" },
      labels: {
        return: Float32Array.from({ length: 43 }, (_, frame) => -frame / 43),
        advantageIndicator: Uint8Array.from({ length: 43 }, (_, frame) => frame % 2),
      },
      weight: 2,
    }),
    await batchSource(single, { ...size, directory: join(directory, "single"), cameras: { base: "front" }, weight: 1 }),
  ];
});

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await both.close();
  await single.close();
});

const augmented = { horizon: 6, seed: 4, batchSize: 7, augmentation: { shift: 2, brightness: 0.3 } };

async function take(loader: BatchLoader, count: number): Promise<Batch[]> {
  const batches = [];
  for (let at = 0; at < count; at++) batches.push(await loader.next());
  return batches;
}

async function batches(count: number, options: BatchLoaderOptions, of = sources): Promise<Batch[]> {
  const loader = new BatchLoader(of, options);
  try {
    return await take(loader, count);
  } finally {
    await loader.close();
  }
}

test("a batch holds what the datasets hold", async () => {
  for (const batch of await batches(12, { horizon: 6, seed: 4, batchSize: 8, workers: 0 })) {
    for (let at = 0; at < batch.size; at++) {
      const source = batch.source[at]!;
      const dataset = source === 0 ? both : single;
      const [index, frame] = [batch.episodeIndex[at]!, batch.frameIndex[at]!];
      const position = dataset.episodes.findIndex((episode) => episode.index === index);
      const episode = dataset.episodes[position]!;
      const columns = await dataset.columns(index);
      const vectors = (name: string, width: number, from: number) =>
        (columns.get(name)!.data as Float32Array).slice(from * width, (from + 1) * width);

      const [stateSize, actionSize] = source === 0 ? [3, 2] : [2, 3];
      const state = new Float32Array(3);
      const raw = vectors("observation.state", stateSize, frame);
      state.set(raw);
      expect(batch.state.slice(at * 3, (at + 1) * 3)).toEqual(state);

      for (let step = 0; step < 6; step++) {
        const last = Math.min(frame + step, episode.length - 1);
        const action = vectors("action", actionSize, last);
        const row = new Float32Array(3);
        row.set(action);
        const place = at * 6 + step;
        expect(batch.actions.slice(place * 3, (place + 1) * 3)).toEqual(row);
        expect(batch.actionIsPad[place]).toBe(frame + step < episode.length ? 0 : 1);
      }

      const pictures = { base: source === 0 ? "top" : "front", hand: source === 0 ? "wrist" : undefined };
      for (const [name, camera] of Object.entries(pictures)) {
        const picture = batch.images[name]!.slice(at * 192, (at + 1) * 192);
        const [image] = camera ? await dataset.frames(index, camera, [frame]) : [];
        expect(batch.imageMasks[name]![at]).toBe(camera ? 1 : 0);
        expect(picture).toEqual(image ? resizeWithPad(image, 8, 8).data : new Uint8Array(192));
      }

      expect(batch.tasks[at]).toBe(episode.tasks[0]);
      const global = dataset.episodes.slice(0, position).reduce((sum, { length }) => sum + length, frame);
      expect(batch.return[at]).toBe(source === 0 ? Math.fround(-global / 43) : Number.NaN);
      expect(batch.advantageIndicator[at]).toBe(source === 0 ? global % 2 : -1);
    }
  }
});

test("a chunk ends where nobody acts, and a pause has none", async () => {
  const actors = Array.from({ length: 25 }, (_, frame) => (frame >= 10 && frame < 13 ? nobody : "step-100"));
  const name = "complementary_info.collector_policy_id";
  const paused = { ...single, features: new Map([...single.features, [name, recordingFeatures[name]]]) };
  paused.columns = async (episode, names) => {
    const data = episode === 0 ? actors : Array(12).fill("human");
    const actor: Column = { dtype: "string", shape: [1], data };
    return names!.includes(name) ? new Map([[name, actor]]) : single.columns(episode, names);
  };
  const source = await batchSource(paused, { ...size, directory: join(directory, "paused"), cameras: {} });
  const assembler = new BatchAssembler([source], { horizon: 5, seed: 1 });
  const padded = (frame: number) => [...assembler.assemble([{ source: 0, frame, draw: 0 }]).actionIsPad].join("");
  expect([5, 6, 9, 10, 12, 13, 22, 25].map(padded)).toEqual(
    ["00000", "00001", "01111", "11111", "11111", "00000", "00011", "00000"], //
  );
  const [acting] = whereSomebodyActs([source]);
  expect([...acting!.frames]).toEqual([...source.frames].filter((frame) => frame < 10 || frame > 12));
});

test("the same seed gives the same batches with 0, 1 and 2 workers, another seed others", async () => {
  const [none, one, two] = await Promise.all([0, 1, 2].map((workers) => batches(9, { ...augmented, workers })));
  expect(one).toEqual(none);
  expect(two).toEqual(none);
  expect(await batches(9, { ...augmented, seed: 5, workers: 0 })).not.toEqual(none);
});

test("any seed, sizes and number of workers: the batches of the thread that asks", async () => {
  const options = fc.record({
    seed: fc.nat(),
    batchSize: fc.integer({ min: 1, max: 20 }),
    horizon: fc.integer({ min: 1, max: 40 }),
    workers: fc.constantFrom(1, 2),
  });
  await fc.assert(
    fc.asyncProperty(options, async (chosen) => {
      const expected = await batches(3, { ...augmented, ...chosen, workers: 0 });
      expect(await batches(3, { ...augmented, ...chosen })).toEqual(expected);
    }),
    { numRuns: 4 },
  );
});

test("training goes on with the batches it would have had, wherever it stopped and with any workers", async () => {
  const whole = await batches(8, { ...augmented, workers: 0 });
  for (const [before, after] of [
    [0, 2],
    [2, 0],
    [1, 1],
  ] as const) {
    const first = new BatchLoader(sources, { ...augmented, workers: before });
    expect(await take(first, 5)).toEqual(whole.slice(0, 5));
    const state = JSON.parse(JSON.stringify(first.state()));
    await first.close();
    expect(await batches(3, { ...augmented, workers: after, state })).toEqual(whole.slice(5));
  }
});

test("only the chosen episodes are drawn from", async () => {
  const options = { ...size, directory: join(directory, "both"), cameras: { base: "top" }, episodes: [5, 7] };
  const source = await batchSource(both, options);
  const drawn = (await batches(3, { ...augmented, workers: 0 }, [source])).flatMap((batch) => [...batch.episodeIndex]);
  expect(new Set(drawn)).toEqual(new Set([5, 7]));
  await expect(batchSource(both, { ...options, episodes: [4] })).rejects.toThrow("one of its 3 episodes, got 4");
});

test("vectors are padded with zeros to the sizes of the model, never cut", async () => {
  const [batch] = await batches(1, { ...augmented, stateSize: 5, actionSize: 4, workers: 0 });
  expect([batch!.state.length, batch!.actions.length]).toEqual([7 * 5, 7 * 6 * 4]);
  expect(() => new BatchAssembler(sources, { ...augmented, actionSize: 2 })).toThrow(
    "room for 3 numbers of action, got 2",
  );
});

test("a source that is not as it should be is refused by name", async () => {
  const options = { ...size, directory: join(directory, "wrong"), cameras: { base: "front" } };
  const stateless = {
    ...single,
    features: new Map([...single.features].filter(([name]) => name !== "observation.state")),
  };
  await expect(batchSource(stateless, options)).rejects.toThrow('expected a column "observation.state"');
  await expect(batchSource(single, { ...options, labels: { return: new Float32Array(3) } })).rejects.toThrow(
    "a label for each of 37 frames, got 3",
  );
  const broken = { ...single, columns: single.columns };
  broken.columns = async (episode, names) => {
    const columns = new Map(await single.columns(episode, names));
    columns.set("action", { dtype: "float32", shape: [3], data: new Float32Array(3 * 25).fill(Number.NaN, 7) });
    return columns;
  };
  await expect(batchSource(broken, options)).rejects.toThrow(
    `${single.root}, episode 0, column "action", frame 2: expected finite numbers, got NaN`,
  );
});

test("a failing read reaches the caller from a worker, and a closed loader says so", async () => {
  const source = await batchSource(single, { ...size, directory: join(directory, "cut"), cameras: { base: "front" } });
  const loader = new BatchLoader([source], { ...augmented, workers: 1 });
  await loader.next();
  truncateSync(join(source.caches.base!, "segment-000.rgb"), 0);
  await expect(take(loader, 5)).rejects.toThrow("build the cache again");
  await loader.close();
  await expect(loader.next()).rejects.toThrow("closed");
  rmSync(source.caches.base!, { recursive: true });
  expect(() => new BatchLoader([source], { ...augmented, workers: 1 })).toThrow("expected a frame cache");
});

test("workers run from source under tsx and from the built package", async () => {
  const root = resolve(import.meta.dirname, "../..");
  const dist = join(directory, "dist");
  execFileSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", dist],
    {
      cwd: root,
    },
  );
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  const plain = sources.map((source) =>
    Object.fromEntries(
      Object.entries(source).map(([key, value]) => [
        key,
        ArrayBuffer.isView(value) ? (value as Int32Array).slice() : value,
      ]),
    ),
  );
  writeFileSync(join(directory, "sources.bin"), serialize(plain));
  const text = (batch: object) =>
    JSON.stringify(batch, (_, value) => (ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value));
  const script = (loader: string) => `
    import { readFileSync } from "node:fs";
    import { createHash } from "node:crypto";
    import { deserialize } from "node:v8";
    import { BatchLoader } from ${JSON.stringify(pathToFileURL(loader).href)};
    const sources = deserialize(readFileSync(${JSON.stringify(join(directory, "sources.bin"))}));
    const loader = new BatchLoader(sources, { ...${JSON.stringify(augmented)}, workers: 2 });
    const hash = createHash("sha256");
    for (let at = 0; at < 3; at++) hash.update((${text})(await loader.next()));
    await loader.close();
    process.stdout.write(hash.digest("hex"));`;
  const run = (loader: string, ...argv: string[]) => {
    const file = join(directory, `run-${argv.length}.mjs`);
    writeFileSync(file, script(loader));
    return execFileSync(process.execPath, [...argv, file], { cwd: root, encoding: "utf8" });
  };
  const hash = createHash("sha256");
  for (const batch of await batches(3, { ...augmented, workers: 0 })) hash.update(text(batch));
  const expected = hash.digest("hex");
  expect(run(join(dist, "data/batch-loader.js"))).toBe(expected);
  expect(run(join(root, "src/data/batch-loader.ts"), "--import", "tsx")).toBe(expected);
});
