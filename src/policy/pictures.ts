// Camera images at the network's size.
import { resizeWithPad } from "../data/index.ts";
import type { PrefixBatch } from "../model/index.ts";
import type { Observation } from "../robot/index.ts";

/**
 * Each camera's images at the network's size, one observation after another. The mask is 0 for an observation without
 * the camera.
 */
export function pictures(
  observations: readonly Pick<Observation, "images">[],
  { cameras, vision: { imageSize } }: { cameras: readonly string[]; vision: { imageSize: number } },
): Pick<PrefixBatch, "pictures"> & { pictureMasks: Record<string, Uint8Array> } {
  const bytes = imageSize ** 2 * 3;
  const shown: Record<string, Uint8Array> = {};
  const pictureMasks: Record<string, Uint8Array> = {};
  for (const camera of cameras) {
    const all = new Uint8Array(observations.length * bytes);
    for (const [i, { images }] of observations.entries())
      if (images[camera]) all.set(resizeWithPad(images[camera], imageSize, imageSize).data, i * bytes);
    shown[camera] = all;
    pictureMasks[camera] = Uint8Array.from(observations, ({ images }) => (images[camera] ? 1 : 0));
  }
  if (cameras.length > 0 && observations.some((_, i) => cameras.every((camera) => pictureMasks[camera]![i] === 0)))
    throw new Error(
      `Expected pictures of the cameras ${cameras.join(", ")}, got ${Object.keys(observations[0]!.images).join(", ") || "none"}`,
    );
  return { pictures: shown, pictureMasks };
}
