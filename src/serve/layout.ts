// Observation layouts: the keys of a server's observations, as data.
import { NdArray } from "./ndarray.ts";
import type { Message, Value } from "./pack.ts";

/** Names of dicts inside dicts, the last one the value's: openpi's "observation/image" is one name with a slash in it. */
export type Key = readonly [string, ...string[]];

export interface ObservationLayout {
  /** By our camera's name. */
  readonly images: Readonly<Record<string, Key>>;
  /** A client sends uint8 pictures as [height, width, 3] or [3, height, width]. A server takes both. */
  readonly imageOrder: "HWC" | "CHW";
  /** A client resizes pictures to a square of so many pixels, with black bars as openpi does. Without it they go as they are. */
  readonly imageSize?: number;
  /** Consecutive parts of the state: float32 [size] each. */
  readonly state: readonly { readonly key: Key; readonly size: number }[];
  readonly prompt: Key;
  /** Numbers of one action in the answer. */
  readonly actions: number;
  /**
   * "roboarena": the server's metadata are RoboArena's `PolicyServerConfig`, an observation has an "endpoint", and an answer is the bare array
   * of actions (https://github.com/robo-arena/roboarena). DreamZero's servers speak it too. Default: openpi's dicts.
   */
  readonly dialect?: "roboarena";
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
  /** RoboArena's DROID: it counts exterior cameras from 0. */
  roboarena: {
    images: { exterior: ["observation/exterior_image_0_left"], wrist: ["observation/wrist_image_left"] },
    imageOrder: "HWC",
    imageSize: 224,
    state: [
      { key: ["observation/joint_position"], size: 7 },
      { key: ["observation/gripper_position"], size: 1 },
    ],
    prompt: ["prompt"],
    actions: 8,
    dialect: "roboarena",
  },
} as const satisfies Record<string, ObservationLayout>;

/** Numbers of a layout's state. */
export const stateSize = (layout: ObservationLayout): number => layout.state.reduce((sum, { size }) => sum + size, 0);

/** A key for people, quoted. */
export const nameOf = (key: Key): string => `"${key.join('"."')}"`;

/** Puts a value under a key, making the dicts around it. */
export function put(message: Record<string, Value>, key: Key, value: Value): void {
  let dict = message;
  for (const name of key.slice(0, -1)) {
    dict[name] ??= {};
    dict = dict[name] as Record<string, Value>;
  }
  dict[key.at(-1)!] = value;
}

/** The value under a key, or undefined. */
export function get(message: Message, key: Key): Value | undefined {
  let value: Value | undefined = message;
  for (const name of key) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Message)[name];
  }
  return value;
}

/** Whether a value is an array of a float dtype. */
export const isFloats = (value: Value | undefined): value is NdArray =>
  value instanceof NdArray && value.dtype.startsWith("float");

/** A value's type in a few words, for errors. */
export function describe(value: Value | undefined): string {
  if (value instanceof NdArray) return `an array of ${value.dtype} [${value.shape}]`;
  if (value instanceof Uint8Array) return "bytes";
  if (Array.isArray(value)) return "a list";
  if (value === undefined) return "nothing";
  return value === null ? "None" : typeof value === "object" ? "a dict" : typeof value;
}
