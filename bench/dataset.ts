// Datasets: appending 500-frame episodes, random frames of H.264 videos at 224x224 with a key frame every 2, cached
// frames, batches. The last line is JSON. Targets: 1,000 random and 20,000 cached frames a second at least, 5 ms for a
// batch at most.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWriter, type Image, openDataset } from "../src/data/index.ts";
import { random as seeded } from "../src/system/random.ts";
import { cacheAndBatches } from "./dataset-batches.ts";
import { median } from "./median.ts";

type Figures = Readonly<Record<string, number>>;

const folder = mkdtempSync(join(tmpdir(), "pistar-bench-"));
const length = 500;

/** A moving gradient with some noise: neither trivial nor impossible to compress. */
function picture(side: number, frame: number, random: () => number): Image {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const at = (y * side + x) * 3;
      const noise = random() * 16;
      data[at] = ((x + frame) % 200) + noise;
      data[at + 1] = ((y + 2 * frame) % 200) + noise;
      data[at + 2] = ((x + y) % 200) + noise;
    }
  return { width: side, height: side, data };
}

/** Saves episodes of state and action [14], each on disk at the call's return, then moves them into the dataset. */
async function appending(): Promise<Figures> {
  const vector = { dtype: "float32", shape: [14], names: null };
  const writer = await createWriter(join(folder, "append"), {
    fps: 50,
    features: { "observation.state": vector, action: vector },
  });
  const { uniform: random } = seeded(1);
  const [adding, saving]: [number[], number[]] = [[], []];
  const episodes = 40;
  for (let episode = 0; episode < episodes; episode++) {
    const frames = Array.from({ length }, () => Float32Array.from({ length: 14 }, random));
    const start = performance.now();
    for (const values of frames) await writer.addFrame({ "observation.state": values, action: values }, "fold");
    adding.push(performance.now() - start);
    const added = performance.now();
    await writer.saveEpisode({ episode_success: "success" });
    saving.push(performance.now() - added);
  }
  const start = performance.now();
  await writer.close();
  return {
    append_add_ms: median(adding),
    append_save_ms: median(saving),
    append_flush_ms_per_episode: (performance.now() - start) / episodes,
  };
}

/** Records video at 224x224 (encoded frames a second), then reads single frames at random (decoded frames a second). */
async function randomFrames(): Promise<Figures> {
  const side = 224;
  const root = join(folder, "video");
  const features = { camera: { dtype: "video", shape: [side, side, 3], names: null } };
  const writer = await createWriter(root, { fps: 50, features, video: { codec: "h264" } });
  const { uniform: random } = seeded(2);
  const episodes = 3;
  let encoding = 0;
  for (let episode = 0; episode < episodes; episode++) {
    const frames = Array.from({ length }, (_, frame) => picture(side, frame + episode * length, random));
    const start = performance.now();
    for (const camera of frames) await writer.addFrame({ camera }, "fold");
    await writer.saveEpisode();
    encoding += performance.now() - start;
  }
  await writer.close();
  const dataset = await openDataset(root);
  const rates: number[] = [];
  for (let run = 0; run < 5; run++) {
    const wanted = Array.from(
      { length: 500 },
      () => [Math.floor(random() * episodes), Math.floor(random() * length)] as const,
    );
    const start = performance.now();
    for (const [episode, frame] of wanted) await dataset.frames(episode, "camera", [frame]);
    rates.push((wanted.length / (performance.now() - start)) * 1000);
  }
  await dataset.close();
  return { encode_224_fps: (episodes * length * 1000) / encoding, random_224_fps: median(rates) };
}

const figures: Record<string, number> = {};
try {
  for (const measure of [appending, randomFrames, () => cacheAndBatches(folder)]) {
    const found = await measure();
    for (const [name, value] of Object.entries(found)) console.log(`${name.padEnd(28)} ${value.toFixed(2)}`);
    Object.assign(figures, found);
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(JSON.stringify({ bench: "dataset", ...figures }));
