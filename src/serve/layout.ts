// Which of a server's keys holds what of our observation, as data, and both directions of it.
import { type Image, resizeWithPad } from "../data/index.ts";
import type { Leftover, Observation } from "../robot/index.ts";
import { NdArray } from "./ndarray.ts";
import type { Message, Value } from "./pack.ts";

/** Names of dicts inside dicts, the last one the value's: openpi's "observation/image" is one name with a slash in it. */
export type Key = readonly [string, ...string[]];

export interface ObservationLayout {
  /** By our camera's name. */
  readonly images: Readonly<Record<string, Key>>;
  /** uint8 pictures as [height, width, 3] or [3, height, width]. */
  readonly imageOrder: "HWC" | "CHW";
  /** Pictures are resized with black bars (as openpi does) to a square of so many pixels; without it they are sent as they are. */
  readonly imageSize?: number;
  /** Consecutive parts of our state: float32 [size] each. */
  readonly state: readonly { readonly key: Key; readonly size: number }[];
  readonly prompt: Key;
  /** Numbers of one action in the answer. */
  readonly actions: number;
}

/** Layouts of openpi's own robots, and ours of the SO-101 with the cameras of its world. */
export const layouts = {
  so101: {
    images: { front: ["observation/images/front"], wrist: ["observation/images/wrist"] },
    imageOrder: "HWC",
    state: [{ key: ["observation/state"], size: 6 }],
    prompt: ["prompt"],
    actions: 6,
  },
  /** State: end effector's position (3), axis-angle (3), two fingers. Actions: their changes (6) and the gripper. */
  libero: {
    images: { front: ["observation/image"], wrist: ["observation/wrist_image"] },
    imageOrder: "HWC",
    imageSize: 224,
    state: [{ key: ["observation/state"], size: 8 }],
    prompt: ["prompt"],
    actions: 7,
  },
  /** Two arms of six joints and a gripper each. */
  aloha: {
    images: {
      cam_high: ["images", "cam_high"],
      cam_low: ["images", "cam_low"],
      cam_left_wrist: ["images", "cam_left_wrist"],
      cam_right_wrist: ["images", "cam_right_wrist"],
    },
    imageOrder: "CHW",
    imageSize: 224,
    state: [{ key: ["state"], size: 14 }],
    prompt: ["prompt"],
    actions: 14,
  },
  /** Seven joints and a gripper. */
  droid: {
    images: { exterior: ["observation/exterior_image_1_left"], wrist: ["observation/wrist_image_left"] },
    imageOrder: "HWC",
    imageSize: 224,
    state: [
      { key: ["observation/joint_position"], size: 7 },
      { key: ["observation/gripper_position"], size: 1 },
    ],
    prompt: ["prompt"],
    actions: 8,
  },
} as const satisfies Record<string, ObservationLayout>;

/**
 * Real-time chunking over the protocol, which knows nothing of it: keys beside an observation's own that a client may send to a server whose
 * metadata has `[leftoverKeys.actions]: true`. The actions are what is left of the chunk that is being executed, [steps, actions] in the
 * answer's own units and order; the delay is how many of them will have been executed when the next chunk takes over.
 */
export const leftoverKeys = { actions: "rtc/prev_actions", delay: "rtc/delay" } as const;

/** The keys of what is left of a chunk. */
export function packLeftover(layout: ObservationLayout, { actions, delay }: Leftover): Message {
  const width = layout.actions;
  return {
    [leftoverKeys.actions]: new NdArray("float32", [actions.length / width, width], actions),
    [leftoverKeys.delay]: delay,
  };
}

/** What is left of a chunk in a client's message, or undefined where it says nothing of it. Fails, naming the key, where it is not as it should be. */
export function unpackLeftover(layout: ObservationLayout, message: Message): Leftover | undefined {
  const [actions, delay] = [message[leftoverKeys.actions], message[leftoverKeys.delay]];
  if (actions === undefined && delay === undefined) return undefined;
  if (!isFloats(actions) || actions.shape.length !== 2 || actions.shape[1] !== layout.actions)
    throw new TypeError(
      `Expected "${leftoverKeys.actions}" as floats [steps, ${layout.actions}], got ${describe(actions)}`,
    );
  const numbers = Float32Array.from(actions.data as Float32Array | Float64Array);
  if (!numbers.every(Number.isFinite))
    throw new TypeError(
      `Expected finite numbers in "${leftoverKeys.actions}", got ${numbers.find((x) => !Number.isFinite(x))}`,
    );
  if (!(Number.isSafeInteger(delay) && (delay as number) >= 0))
    throw new TypeError(
      `Expected "${leftoverKeys.delay}" as a whole number from 0 up, got ${typeof delay === "number" ? delay : describe(delay)}`,
    );
  return { actions: numbers, delay: delay as number };
}

/** Whether a value is an array of a float dtype. */
export const isFloats = (value: Value | undefined): value is NdArray =>
  value instanceof NdArray && value.dtype.startsWith("float");

/** Our observation in a server's keys. Fails where the robot lacks a camera of the layout or its state has another size. */
export function packObservation(layout: ObservationLayout, { images, state, task }: Observation): Message {
  const message: Record<string, Value> = {};
  for (const [camera, key] of Object.entries(layout.images)) {
    const image = images[camera];
    if (!image)
      throw new Error(
        `Expected a camera "${camera}" for "${key.join('"."')}", got ${Object.keys(images).join(", ") || "none"}: name the robot's cameras in the layout's images`,
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

/**
 * The observation in a client's message: what `packObservation` wrote, or a Python client. State parts may be of any numeric dtype.
 * Fails, naming the key, where one is missing or has another shape or type.
 */
export function unpackObservation(layout: ObservationLayout, message: Message): Observation {
  const images: Record<string, Image> = {};
  for (const [camera, key] of Object.entries(layout.images)) images[camera] = unpackImage(message, key, layout);
  const state = new Float32Array(stateSize(layout));
  let at = 0;
  for (const { key, size } of layout.state) {
    const part = get(message, key);
    if (!(part instanceof NdArray) || part.data.length !== size || part.shape.length > 1)
      throw new TypeError(`Expected "${key.join('"."')}" as an array of ${size} numbers, got ${describe(part)}`);
    for (const value of part.data) {
      state[at] = Number(value);
      if (!Number.isFinite(state[at]))
        throw new TypeError(`Expected finite float32 numbers in "${key.join('"."')}", got ${value}`);
      at++;
    }
  }
  const task = get(message, layout.prompt);
  if (typeof task !== "string")
    throw new TypeError(`Expected "${layout.prompt.join('"."')}" as text, got ${describe(task)}`);
  return { images, state, task };
}

/** Pixels; more than any camera's, and no more work to resize than its message was to send. */
const longestSide = 8192;

export const stateSize = (layout: ObservationLayout) => layout.state.reduce((sum, { size }) => sum + size, 0);

function packImage(image: Image, { imageOrder, imageSize }: ObservationLayout): NdArray {
  const { width, height, data } = imageSize === undefined ? image : resizeWithPad(image, imageSize, imageSize);
  if (imageOrder === "HWC") return new NdArray("uint8", [height, width, 3], data);
  const planes = new Uint8Array(data.length);
  const plane = width * height;
  for (let pixel = 0; pixel < plane; pixel++)
    for (let channel = 0; channel < 3; channel++) planes[channel * plane + pixel] = data[pixel * 3 + channel]!;
  return new NdArray("uint8", [3, height, width], planes);
}

function unpackImage(message: Message, key: Key, { imageOrder }: ObservationLayout): Image {
  const image = get(message, key);
  const channels = imageOrder === "HWC" ? 2 : 0;
  if (!(image instanceof NdArray) || image.dtype !== "uint8" || image.shape.length !== 3 || image.shape[channels] !== 3)
    throw new TypeError(
      `Expected "${key.join('"."')}" as uint8 ${imageOrder === "HWC" ? "[height, width, 3]" : "[3, height, width]"}, got ${describe(image)}`,
    );
  const data = image.data as Uint8Array;
  const [height, width] = image.shape.filter((_, axis) => axis !== channels) as [number, number];
  if (Math.min(height, width) < 1 || Math.max(height, width) > longestSide)
    throw new TypeError(
      `Expected "${key.join('"."')}" with sides of 1 to ${longestSide} pixels, got ${width}×${height}: resize it before it is sent`,
    );
  if (imageOrder === "HWC") return { height, width, data };
  const pixels = new Uint8Array(data.length);
  const plane = width * height;
  for (let pixel = 0; pixel < plane; pixel++)
    for (let channel = 0; channel < 3; channel++) pixels[pixel * 3 + channel] = data[channel * plane + pixel]!;
  return { width, height, data: pixels };
}

function put(message: Record<string, Value>, key: Key, value: Value): void {
  let dict = message;
  for (const name of key.slice(0, -1)) {
    dict[name] ??= {};
    dict = dict[name] as Record<string, Value>;
  }
  dict[key.at(-1)!] = value;
}

function get(message: Message, key: Key): Value | undefined {
  let value: Value | undefined = message;
  for (const name of key) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Message)[name];
  }
  return value;
}

/** A value in a few words, for errors. */
export function describe(value: Value | undefined): string {
  if (value instanceof NdArray) return `an array of ${value.dtype} [${value.shape}]`;
  if (value instanceof Uint8Array) return "bytes";
  if (Array.isArray(value)) return "a list";
  if (value === undefined) return "nothing";
  return value === null ? "None" : typeof value === "object" ? "a dict" : typeof value;
}
