// An observation in a server's keys.
import { type Image, resizeWithPad } from "../data/index.ts";
import type { Observation } from "../robot/index.ts";
import { nameOf, type ObservationLayout, put, stateSize } from "./layout.ts";
import { NdArray } from "./ndarray.ts";
import type { Message, Value } from "./pack.ts";

/**
 * An observation in a layout's keys.
 * @throws Error if the robot lacks a camera of the layout, or its state has another size
 */
export function packObservation(layout: ObservationLayout, { images, state, task }: Observation): Message {
  const message: Record<string, Value> = {};
  for (const [camera, key] of Object.entries(layout.images)) {
    const image = images[camera];
    if (!image)
      throw new Error(
        `Expected a camera "${camera}" for ${nameOf(key)}, got ${Object.keys(images).join(", ") || "none"}: name the robot's cameras in the layout's images`,
      );
    put(message, key, packImage(image, layout));
  }
  const size = stateSize(layout);
  if (state.length !== size) throw new RangeError(`Expected a state of ${size} numbers, got ${state.length}`);
  let at = 0;
  for (const part of layout.state) {
    put(message, part.key, new NdArray("float32", [part.size], state.slice(at, at + part.size)));
    at += part.size;
  }
  put(message, layout.prompt, task);
  return message;
}

function packImage(image: Image, { imageOrder, imageSize }: ObservationLayout): NdArray {
  const { width, height, data } = imageSize === undefined ? image : resizeWithPad(image, imageSize, imageSize);
  if (imageOrder === "HWC") return new NdArray("uint8", [height, width, 3], data);
  const planes = new Uint8Array(data.length);
  const plane = width * height;
  for (let pixel = 0; pixel < plane; pixel++)
    for (let channel = 0; channel < 3; channel++) planes[channel * plane + pixel] = data[pixel * 3 + channel]!;
  return new NdArray("uint8", [3, height, width], planes);
}
