// Reads small datasets of which one file is damaged at random: each time an error that names the dataset, or nothing wrong; never a
// crash, a long wait or much memory.
// npx tsx test/data/fuzz.ts [MUTATIONS [SEED]]
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWriter, exportVersion21, openDataset, validateDataset } from "../../src/data/index.ts";
import { type Random, random } from "../../src/system/index.ts";

const lengths = [3, 2];

/** Writes the dataset in both versions. Returns the files to damage, by root. */
async function intact(folder: string): Promise<Map<string, string[]>> {
  const [version3, version21] = [join(folder, "v3"), join(folder, "v21")];
  const writer = await createWriter(version3, {
    fps: 10,
    video: { codec: "h264" },
    features: {
      action: { dtype: "float32", shape: [2], names: null },
      picture: { dtype: "image", shape: [2, 2, 3], names: null },
      video: { dtype: "video", shape: [32, 32, 3], names: null },
    },
  });
  const image = (side: number) => ({ width: side, height: side, data: new Uint8Array(side * side * 3).fill(90) });
  for (const length of lengths) {
    for (let frame = 0; frame < length; frame++)
      await writer.addFrame({ action: [frame, 0.5], picture: image(2), video: image(32) }, "fold");
    await writer.saveEpisode({ episode_success: "success" });
  }
  await writer.close();
  const source = await openDataset(version3);
  await exportVersion21(source, version21);
  await source.close();
  return new Map([
    [
      version3,
      [
        "meta/info.json",
        "meta/stats.json",
        "meta/tasks.parquet",
        "meta/episodes/chunk-000/file-000.parquet",
        "data/chunk-000/file-000.parquet",
        "videos/video/chunk-000/file-000.mp4",
      ],
    ],
    [
      version21,
      ["meta/episodes.jsonl", "meta/episodes_stats.jsonl", "meta/tasks.jsonl", "data/chunk-000/episode_000000.parquet"],
    ],
  ]);
}

const numbers = ["-1", "1e9", "4294967296", "1e308", "NaN", "null", '"text"', "[]", "{}", "0.5", "999999999999"];

/** Damages bytes: flips, cuts, repeats, extreme numbers; in JSON also other values. */
function damaged(bytes: Buffer, json: boolean, draw: Random): Buffer {
  const at = () => draw.integer(bytes.length);
  if (json && draw.uniform() < 0.7) {
    const text = bytes.toString("utf8");
    const found = [...text.matchAll(/-?\d+(\.\d+)?|"[^"]*"|true|false|null/g)];
    const { 0: token, index } = found[draw.integer(found.length)]!;
    const value = numbers[draw.integer(numbers.length)]!;
    return Buffer.from(text.slice(0, index) + value + text.slice(index + token.length));
  }
  const kind = draw.integer(5);
  if (kind === 0) return bytes.subarray(0, at());
  if (kind === 1) {
    const [a, b] = [at(), at()];
    return Buffer.concat([bytes.subarray(0, Math.max(a, b)), bytes.subarray(Math.min(a, b))]);
  }
  const copy = Buffer.from(bytes);
  if (kind === 2) {
    const extreme = [0xff, 0x7f, 0x80, 0x00][draw.integer(4)]!;
    copy.fill(extreme, Math.max(0, copy.length - 1 - draw.integer(copy.length)), undefined);
    const place = at();
    return Buffer.concat([bytes.subarray(0, place), copy.subarray(-4), bytes.subarray(place + 4)]);
  }
  for (let flips = kind === 3 ? 1 : 1 + draw.integer(16); flips > 0; flips--) copy[at()] = draw.integer(256);
  return copy;
}

/** Reads all that there is. Returns the message of an error that names neither the dataset nor what was asked. */
async function unnamed(root: string): Promise<string | undefined> {
  await validateDataset(root);
  try {
    const dataset = await openDataset(root, { lenient: true });
    try {
      for (const { index } of dataset.episodes.slice(0, 4)) {
        const reads = [
          () => dataset.columns(index),
          () => dataset.frames(index, "picture", [0]),
          () => dataset.frames(index, "video", [0, 1]),
        ];
        for (const read of reads) await read();
      }
      await dataset.stats();
      await dataset.episodeStats();
    } finally {
      await dataset.close();
    }
  } catch (error) {
    const { message } = error as Error;
    return message.includes(root) ? undefined : message;
  }
  return undefined;
}

export interface FuzzResult {
  readonly mutations: number;
  readonly slowestSeconds: number;
  readonly largestMegabytes: number;
  /** Errors that do not name the dataset, or that validation let through. */
  readonly unnamed: readonly string[];
}

/** Damages one file after the other, so many times, and reads the dataset each time. */
export async function fuzz(mutations: number, seed: number, progress?: (done: number) => void): Promise<FuzzResult> {
  const folder = mkdtempSync(join(tmpdir(), "pistar-fuzz-"));
  let [slowest, largest] = [0, 0];
  const found: string[] = [];
  try {
    const files = [...(await intact(folder))].flatMap(([root, names]) => names.map((name) => [root, name] as const));
    const copies = new Map<string, string>();
    for (const [root] of files) {
      if (copies.has(root)) continue;
      copies.set(root, `${root}-damaged`);
      cpSync(root, `${root}-damaged`, { recursive: true });
    }
    for (let number = 0; number < mutations; number++) {
      const draw = random(`${seed}/${number}`);
      const [root, name] = files[number % files.length]!;
      const copy = copies.get(root)!;
      const whole = readFileSync(join(root, name));
      const bytes = damaged(whole, /\.jsonl?$/.test(name), draw);
      writeFileSync(join(copy, name), bytes);
      const start = performance.now();
      try {
        const message = await unnamed(copy);
        if (message) found.push(`${number} ${name}: ${message}`);
      } catch (error) {
        found.push(`${number} ${name}: ${(error as Error).stack}`);
      }
      slowest = Math.max(slowest, (performance.now() - start) / 1000);
      largest = Math.max(largest, process.memoryUsage.rss() / 2 ** 20);
      writeFileSync(join(copy, name), whole);
      progress?.(number + 1);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { mutations, slowestSeconds: slowest, largestMegabytes: largest, unnamed: found };
}

if (process.argv[1] === import.meta.filename) {
  const [mutations = "2000", seed = "0"] = process.argv.slice(2);
  const { unnamed: messages, ...result } = await fuzz(Number(mutations), Number(seed), (done) => {
    if (done % 500 === 0) console.error(`${done} of ${mutations}`);
  });
  for (const message of messages.slice(0, 30)) console.log(message);
  console.log(JSON.stringify({ ...result, unnamed: messages.length }));
  if (messages.length > 0 || result.slowestSeconds > 5 || result.largestMegabytes > 1024) process.exitCode = 1;
}
