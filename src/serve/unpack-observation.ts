// Reads the observation in a client's message. It takes the forms of openpi's own policies, and refuses others before
// any work on them.
import type { Image } from "../data/index.ts";
import type { Observation } from "../robot/index.ts";
import { describe, get, type Key, nameOf, type ObservationLayout, stateSize } from "./layout.ts";
import { longestPrompt } from "./limits.ts";
import { NdArray } from "./ndarray.ts";
import type { Message, Value } from "./pack.ts";
import { unpackImage } from "./unpack-image.ts";

/**
 * The observation in a client's message.
 *
 * - Images: see `unpackImage`. A camera may be missing, unless all are: the policy masks it.
 * - State parts: an array or a list of any numeric type. A part of one number may be a plain number.
 * - Prompt: text; default `defaultPrompt`.
 *
 * @throws TypeError naming the key if one is missing or has another shape or type
 */
export async function unpackObservation(
  layout: ObservationLayout,
  message: Message,
  defaultPrompt?: string,
): Promise<Observation> {
  const task = prompt(message, layout.prompt, defaultPrompt);
  const state = new Float32Array(stateSize(layout));
  let at = 0;
  for (const { key, size } of layout.state) {
    state.set(statePart(get(message, key), key, size), at);
    at += size;
  }
  return { images: await pictures(layout, message), state, task };
}

async function pictures(layout: ObservationLayout, message: Message): Promise<Record<string, Image>> {
  const images: Record<string, Image> = {};
  const cameras = Object.entries(layout.images);
  for (const [camera, key] of cameras) {
    const value = get(message, key);
    if (value === undefined || value === null) continue;
    const image = unpackImage(value, nameOf(key), layout.imageOrder);
    images[camera] = image instanceof Promise ? await image : image;
  }
  if (cameras.length > 0 && Object.keys(images).length === 0)
    throw new TypeError(`Expected a picture in ${cameras.map(([, key]) => nameOf(key)).join(" or ")}, got nothing`);
  return images;
}

function prompt(message: Message, key: Key, defaultPrompt: string | undefined): string {
  const task = get(message, key) ?? defaultPrompt;
  if (typeof task !== "string")
    throw new TypeError(
      `Expected ${nameOf(key)} as text, got ${describe(task)}${task === undefined ? " (pistar serve --default-prompt TEXT serves clients without one)" : ""}`,
    );
  if (task.length > longestPrompt)
    throw new TypeError(`Expected ${nameOf(key)} of at most ${longestPrompt} characters, got ${task.length}`);
  return task;
}

function statePart(part: Value | undefined, key: Key, size: number): Float32Array {
  const values = numbersIn(part);
  if (values?.length !== size)
    throw new TypeError(`Expected ${nameOf(key)} as an array of ${size} numbers, got ${describe(part)}`);
  const numbers = Float32Array.from(values as ArrayLike<number>, Number);
  const wrong = numbers.findIndex((x) => !Number.isFinite(x));
  if (wrong >= 0) throw new TypeError(`Expected finite float32 numbers in ${nameOf(key)}, got ${values[wrong]}`);
  return numbers;
}

/** A state part's numbers; undefined for anything else. */
function numbersIn(part: Value | undefined): ArrayLike<number | bigint> | undefined {
  if (part instanceof NdArray) return part.shape.length <= 1 ? part.data : undefined;
  if (typeof part === "number") return [part];
  if (Array.isArray(part) && part.every((x) => typeof x === "number")) return part as number[];
  return undefined;
}
