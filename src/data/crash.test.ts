// A recording may be killed at any moment: at most the episode in progress is lost.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDataset } from "./dataset.ts";
import { validateDataset } from "./validate/validate.ts";
import { createWriter, resumeWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-crash-"));
afterAll(() => rmSync(folder, { recursive: true }));
const recorder = resolve(import.meta.dirname, "../../test/fixtures/recorder.ts");

interface Recorder {
  readonly process: ChildProcess;
  /** Resolves when it has the dataset open and has saved so many episodes, or has ended. */
  reached(episodes: number): Promise<void>;
  readonly ended: Promise<void>;
  /** Episodes of the dataset it said were saved. */
  saved(): number;
  errors(): string;
}

function record(root: string, ...more: string[]): Recorder {
  const child = spawn(process.execPath, ["--import", "tsx", recorder, root, ...more]);
  let [output, errors] = ["", ""];
  child.stdout.on("data", (text) => {
    output += text;
  });
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  const saved = () => [...output.matchAll(/saved (\d+)\n/g)].map(([, number]) => Number(number) + 1);
  const reached = (episodes: number) =>
    new Promise<void>((done) => {
      const look = () => {
        if (output.includes("ready") && saved().length >= episodes) done();
      };
      child.stdout.on("data", look);
      child.on("close", () => done());
      look();
    });
  return { process: child, reached, ended, saved: () => Math.max(0, ...saved()), errors: () => errors };
}

/** Small reproducible numbers in [0, 1). */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

/** Whether the dataset opens with at least `saved` episodes, each as the recorder made it. */
async function expectWhole(root: string, saved: number): Promise<void> {
  const dataset = await openDataset(root);
  expect(dataset.episodes.length).toBeGreaterThanOrEqual(saved);
  for (const { index, length, extra } of dataset.episodes.slice(-4)) {
    expect(length).toBe(4 + (index % 3));
    expect(extra.episode_success).toBe(index % 2 ? "failure" : "success");
    const { data } = (await dataset.columns(index, ["action"])).get("action")!;
    expect(Array.from(data as Float32Array)).toEqual(Array.from({ length }, (_, frame) => [index, frame, -1]).flat());
    const [first, last] = await dataset.frames(index, "camera", [0, length - 1]);
    expect(Math.abs(first!.data[0]! - ((index * 20) % 256))).toBeLessThan(6);
    expect(Math.abs(last!.data[0]! - ((index * 20) % 256))).toBeLessThan(6);
    expect((await dataset.frames(index, "wrist", [length - 1]))[0]!.data[0]).toBe(index % 256);
  }
  expect((await dataset.stats()).get("action")?.count ?? 0).toBe(dataset.info.total_frames);
  await dataset.close();
}

test("killed at 10 random moments, the dataset opens with every saved episode whole", async () => {
  const root = join(folder, "killed");
  const random = numbers(3);
  let saved = 0;
  for (let kill = 0; kill < 10; kill++) {
    const child = record(root);
    await child.reached(Math.floor(4 * random.next().value!));
    await new Promise((done) => setTimeout(done, 100 * random.next().value!));
    child.process.kill("SIGKILL");
    await child.ended;
    expect(child.errors()).toBe("");
    saved = Math.max(saved, child.saved());
    // Every other time the next recorder finds the state as the kill left it.
    if (kill % 2) continue;
    await expectWhole(root, saved);
  }
  expect(saved).toBeGreaterThan(8);
  expect(await validateDataset(root)).toEqual([]);
}, 180_000);

test("killed at one file operation after the other, through recovery, saving and flushing", async () => {
  const root = join(folder, "operations");
  let saved = 0;
  for (let operation = 1; operation <= 160; operation += 13) {
    const child = record(root, String(operation));
    await child.ended;
    expect(child.errors()).toBe("");
    saved = Math.max(saved, child.saved());
  }
  await expectWhole(root, saved);
  expect(await validateDataset(root)).toEqual([]);
  expect(saved).toBeGreaterThan(8);
}, 180_000);

test("a second writer is refused while the first runs, and takes over when it is dead", async () => {
  const root = join(folder, "locked");
  const child = record(root);
  await child.reached(0);
  await expect(resumeWriter(root)).rejects.toThrow(`another writer is at work (process ${child.process.pid}`);
  await expect(createWriter(join(root), { fps: 20, features: {} })).rejects.toThrow("resumeWriter");
  child.process.kill("SIGKILL");
  await child.ended;
  const writer = await resumeWriter(root);
  await expect(resumeWriter(root)).rejects.toThrow(`process ${process.pid}`);
  await writer.close();
});

test("the lock of an earlier process with the same number is not mistaken for a living one's", async () => {
  const root = join(folder, "reused");
  const features = { action: { dtype: "float32", shape: [1], names: null } };
  await (await createWriter(root, { fps: 10, features })).close();
  mkdirSync(join(root, ".recording"));
  writeFileSync(join(root, ".recording/lock"), JSON.stringify({ pid: process.pid, host: hostname(), started: "1" }));
  await (await resumeWriter(root)).close();
});
