// Records small datasets with pistar and makes the copies of `pistar dataset`: both versions of the format, labels inside,
// every edit, and copies of LeRobot's own datasets. Beside each, NAME.json holds what pistar reads. read.py compares.
// npx tsx test/lerobot/record.ts FOLDER
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  convertDataset,
  copyEpisodes,
  createWriter,
  episodeSuccess,
  exportVersion21,
  type Feature,
  type Image,
  type LeRobotDataset,
  materialize,
  mergedPieces,
  openDataset,
  partsByShare,
  piecesOf,
  recomputeStats,
  recordingFeatures,
  resumeWriter,
  withCut,
  withOutcomes,
  withoutEpisodes,
  writeLabels,
  writeStats,
} from "../../src/data/index.ts";
import { contents } from "./contents.ts";

const folder = process.argv[2];
if (!folder) throw new Error("usage: npx tsx test/lerobot/record.ts FOLDER");
mkdirSync(folder, { recursive: true });

const tasks = ["Stack the cubes.", "Öffne die Schublade."];
const lengths = [5, 3, 6, 4];
const vector = { dtype: "float32", shape: [3], names: ["x.pos", "y.pos", "gripper.pos"] };
const camera = (dtype: string, height: number, width: number) => ({
  dtype,
  shape: [height, width, 3],
  names: ["height", "width", "channels"],
});

/** A gradient with a bar that moves. */
function picture(episode: number, frame: number, { shape }: Feature): Image {
  const [height, width] = shape as [number, number];
  const data = new Uint8Array(height * width * 3);
  for (let at = 0; at < height * width; at++) {
    const [y, x] = [Math.floor(at / width), at % width];
    const bar = Math.abs(x - 4 * frame) < 3;
    data.set(bar ? [250, 20, 90] : [(255 * x) / width, (255 * y) / height, 40 * episode], 3 * at);
  }
  return { width, height, data };
}

async function add(
  writer: Awaited<ReturnType<typeof createWriter>>,
  cameras: Readonly<Record<string, Feature>>,
  episodes: readonly number[],
): Promise<void> {
  for (const episode of episodes) {
    for (let frame = 0; frame < lengths[episode]!; frame++) {
      const at = (i: number) => Math.sin(10 * episode + frame + i);
      const pictures = Object.entries(cameras).map(([name, feature]) => [name, picture(episode, frame, feature)]);
      await writer.addFrame(
        {
          "observation.state": [at(0), at(1), at(2)],
          action: [at(3), at(4), at(5)],
          "next.reward": -1,
          "next.done": frame === lengths[episode]! - 1,
          "complementary_info.is_intervention": Number(frame === 2),
          "complementary_info.collector_policy_id": frame === 2 ? "human" : "policy π",
          matrix: [1, 2, 3, 4].map((value) => value / (frame + 3)),
          counter: BigInt(frame) - 2n,
          ...Object.fromEntries(pictures),
        },
        tasks[episode % 2]!,
      );
    }
    await writer.saveEpisode({ ...episodeSuccess(episode !== 1), episode_seed: BigInt(episode), score: 1 });
  }
}

async function record(root: string, cameras: Readonly<Record<string, Feature>>, codec: "h264" | "av1"): Promise<void> {
  const features = {
    "observation.state": vector,
    action: vector,
    matrix: { dtype: "float64", shape: [2, 2], names: null },
    counter: { dtype: "int64", shape: [1], names: null },
    ...recordingFeatures,
    ...cameras,
  };
  const writer = await createWriter(root, { fps: 10, robotType: "so101_follower", features, video: { codec } });
  await add(writer, cameras, [0, 1]);
  await writer.close();
  const resumed = await resumeWriter(root);
  await add(resumed, cameras, [2, 3]);
  await resumed.close();
}

async function using<T>(root: string, task: (dataset: LeRobotDataset) => Promise<T>, options = {}): Promise<T> {
  const dataset = await openDataset(root, options);
  try {
    return await task(dataset);
  } finally {
    await dataset.close();
  }
}

const path = (name: string) => join(folder, name);
await record(path("h264"), { "observation.images.front": camera("video", 64, 64) }, "h264");
await record(path("av1"), { "observation.images.front": camera("video", 64, 96) }, "av1");
await record(path("pictures"), { "observation.images.front": camera("image", 24, 32) }, "h264");
await record(path("blind"), {}, "h264");

const rows = lengths.flatMap((length, episode) => Array.from({ length }, (_, frame) => [episode, frame] as const));
const floats = () => Float32Array.from(rows, ([episode, frame]) => (frame - episode) / 8);
await writeLabels(path("h264"), "advantages", "default", {
  episode_index: Int32Array.from(rows, ([episode]) => episode),
  frame_index: Int32Array.from(rows, ([, frame]) => frame),
  advantage: Uint8Array.from(rows, ([episode, frame]) => Number(frame > episode)),
  advantage_continuous: floats(),
  value_current: floats(),
  value_next: floats(),
  reward_sum: floats(),
  reward_sum_raw: floats(),
  num_valid_rewards: Int32Array.from(rows, () => 1),
});

const made = ["h264", "av1", "pictures", "blind"];
const save = async (name: string, write: (target: string) => Promise<void>) => {
  await write(path(name));
  made.push(name);
};
for (const name of [...made])
  await using(path(name), async (source) => {
    await save(`${name}-v30`, (target) => convertDataset(source, target));
    await save(`${name}-v21`, (target) => exportVersion21(source, target));
    await save(`${name}-deleted`, (target) => copyEpisodes(withoutEpisodes(source, [1]), target));
    await save(`${name}-flat`, (target) => copyEpisodes(piecesOf(source), target, { without: ["matrix"] }));
  });
await using(path("h264"), async (source) => {
  await save("labelled", (target) => materialize(piecesOf(source), target, { advantages: "default" }));
  await save("labelled-columns", (target) =>
    materialize(piecesOf(source), target, { advantages: "default", word: "none" }),
  );
  await save("kept", (target) => copyEpisodes(piecesOf(source, [2, 3]), target));
  for (const [at, part] of partsByShare(source, [0.5, 0.5]).entries())
    await save(`part-${at}`, (target) => copyEpisodes(part, target));
  const outcomes = new Map<number, "failure" | null>([
    [0, "failure"],
    [2, null],
  ]);
  await save("judged", (target) => copyEpisodes(withOutcomes(piecesOf(source), outcomes), target));
  const without = ["observation.images.front"];
  await save("without-camera", (target) => copyEpisodes(piecesOf(source), target, { without }));
  for (const from of [2, 3])
    await save(`cut-${from}`, (target) => copyEpisodes(withCut(piecesOf(source), 2, from, 6), target));
});
const parts = await Promise.all([openDataset(path("part-1")), openDataset(path("part-0"))]);
await save("merged", (target) => copyEpisodes(mergedPieces(parts), target));
for (const part of parts) await part.close();
const rename = { "observation.state": "state", "observation.images.front": "observation.images.top" };
await using(path("h264"), (source) => save("renamed", (target) => copyEpisodes(piecesOf(source), target)), { rename });
await save("with-new-stats", (target) => using(path("h264"), (source) => convertDataset(source, target)));
const golden = join(import.meta.dirname, "../golden/lerobot");
for (const { name } of readdirSync(golden, { withFileTypes: true }).filter((one) => one.isDirectory()))
  await save(`lerobot-${name}`, (target) => using(join(golden, name), (source) => convertDataset(source, target)));
cpSync(join(golden, "h264"), path("lerobot-with-new-stats"), { recursive: true });
made.push("lerobot-with-new-stats");
for (const name of ["with-new-stats", "lerobot-with-new-stats"])
  await using(path(name), async (source) => void (await writeStats(source, await recomputeStats(source))));

for (const name of made)
  await using(path(name), async (source) =>
    writeFileSync(path(`${name}.json`), JSON.stringify(await contents(source))),
  );
