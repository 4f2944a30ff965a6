// Small recordings for tests of training. A dot moves over a grey image with the only joint. Half of the episodes fail
// and stop early.
import { createWriter, episodeSuccess, type Image } from "../../src/data/index.ts";
import { random } from "../../src/system/index.ts";

export interface TinyOptions {
  readonly episodes: number;
  readonly seed?: number;
  readonly task?: string;
  /** Whether odd episodes fail; those are brighter from the first frame on. */
  readonly failures?: boolean;
  /** Whether an episode is turned into another one: black pictures, and success where there was failure. */
  readonly spoiled?: (episode: number) => boolean;
  /** Frames, from a person's hand, in each failed episode. */
  readonly corrected?: number;
  /** Whether nothing says which episodes succeeded, as in a dataset of demonstrations. */
  readonly unsaid?: boolean;
  /** Frames of each episode (default: drawn, 16 to 23). */
  readonly lengths?: readonly number[];
}

const side = 16;
const names = ["shoulder.pos", "gripper.pos"];

/** Writes a dataset of 10 frames a second with one camera, "front", and two joints. */
export async function tinyDataset(
  root: string,
  {
    episodes,
    seed = 0,
    task = "push the dot",
    failures = true,
    corrected = 0,
    unsaid = false,
    lengths,
    spoiled = () => false,
  }: TinyOptions,
): Promise<void> {
  const writer = await createWriter(root, {
    fps: 10,
    robotType: "dot",
    features: {
      "observation.state": { dtype: "float32", shape: [2], names },
      action: { dtype: "float32", shape: [2], names },
      "observation.images.front": { dtype: "image", shape: [side, side, 3], names: null },
      "complementary_info.is_intervention": { dtype: "float32", shape: [1], names: null },
    },
  });
  const r = random(seed);
  for (let episode = 0; episode < episodes; episode++) {
    const failed = failures && episode % 2 === 1;
    const length = lengths?.[episode] ?? 16 + r.integer(8);
    const speed = 0.5 + r.uniform();
    for (let frame = 0; frame < length; frame++) {
      const at = speed * frame;
      await writer.addFrame(
        {
          "observation.state": [at, frame % 2],
          action: [at + 2 * speed, (frame + 1) % 2],
          "observation.images.front": picture(at, spoiled(episode) ? 0 : failed ? 200 : 80),
          "complementary_info.is_intervention": failed && frame < corrected ? 1 : 0,
        },
        task,
      );
    }
    await writer.saveEpisode(unsaid ? {} : episodeSuccess(failed === spoiled(episode)));
  }
  await writer.close();
}

export function picture(at: number, grey: number): Image {
  const data = new Uint8Array(side * side * 3).fill(grey);
  const x = Math.min(side - 1, Math.round(at));
  for (let row = 6; row < 10; row++) data.fill(255, (row * side + x) * 3, (row * side + x) * 3 + 3);
  return { width: side, height: side, data };
}
