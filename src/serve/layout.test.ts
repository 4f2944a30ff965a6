import sharp from "sharp";
import { expect, test } from "vitest";
import type { Observation } from "../robot/index.ts";
import { layouts, type ObservationLayout } from "./layout.ts";
import { packLeftover, unpackLeftover } from "./leftover.ts";
import { NdArray } from "./ndarray.ts";
import { type Message, pack, type Value } from "./pack.ts";
import { packObservation } from "./pack-observation.ts";
import { unpack } from "./unpack.ts";
import { unpackObservation } from "./unpack-observation.ts";

/** An observation that fits a layout: every pixel and number another. */
function observationFor(layout: ObservationLayout, size = layout.imageSize ?? 4): Observation {
  const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => i % 251);
  const images = Object.fromEntries(
    Object.keys(layout.images).map((name) => [name, { width: size, height: size, data }]),
  );
  const length = layout.state.reduce((sum, part) => sum + part.size, 0);
  return { images, state: Float32Array.from({ length }, (_, i) => i / 8), task: "do it" };
}

test.each<[string, ObservationLayout]>(Object.entries(layouts))(
  "%s: what is packed can be unpacked",
  async (_, layout) => {
    const observation = observationFor(layout);
    expect(await unpackObservation(layout, packObservation(layout, observation))).toEqual(observation);
  },
);

/** Keys and types as openpi's policies document them. */
const shapes = (value: unknown): unknown =>
  value instanceof NdArray
    ? `${value.dtype} [${value.shape}]`
    : typeof value === "object"
      ? Object.fromEntries(Object.entries(value as object).map(([key, entry]) => [key, shapes(entry)]))
      : value;

test("the keys, types and shapes are those openpi's policies want", () => {
  const packed = (layout: ObservationLayout) => shapes(packObservation(layout, observationFor(layout, 300)));
  expect(packed(layouts.libero)).toEqual({
    "observation/image": "uint8 [224,224,3]",
    "observation/wrist_image": "uint8 [224,224,3]",
    "observation/state": "float32 [8]",
    prompt: "do it",
  });
  expect(packed(layouts.aloha)).toEqual({
    images: {
      cam_high: "uint8 [3,224,224]",
      cam_low: "uint8 [3,224,224]",
      cam_left_wrist: "uint8 [3,224,224]",
      cam_right_wrist: "uint8 [3,224,224]",
    },
    state: "float32 [14]",
    prompt: "do it",
  });
  expect(packed(layouts.droid)).toEqual({
    "observation/exterior_image_1_left": "uint8 [224,224,3]",
    "observation/wrist_image_left": "uint8 [224,224,3]",
    "observation/joint_position": "float32 [7]",
    "observation/gripper_position": "float32 [1]",
    prompt: "do it",
  });
});

test("channels first: a picture of two pixels", () => {
  const layout = {
    ...layouts.aloha,
    imageSize: undefined,
    images: { top: ["images", "top"] },
  } as unknown as ObservationLayout;
  const { images } = packObservation(layout, {
    images: { top: { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) } },
    state: new Float32Array(14),
    task: "",
  });
  expect(images).toEqual({ top: new NdArray("uint8", [3, 1, 2], Uint8Array.of(1, 4, 2, 5, 3, 6)) });
});

test("what is left of a chunk can be unpacked too, of any float dtype; a stock client's message has none", () => {
  const { so101 } = layouts;
  const leftover = { actions: Float32Array.from({ length: 12 }, (_, i) => i / 4), delay: 1 };
  const message = packLeftover(so101, leftover);
  expect(shapes(message)).toEqual({ "rtc/prev_actions": "float32 [2,6]", "rtc/delay": 1 });
  expect(unpackLeftover(so101, message, 16)).toEqual(leftover);
  const doubles = new NdArray("float64", [2, 6], Float64Array.from(leftover.actions));
  expect(unpackLeftover(so101, { ...message, "rtc/prev_actions": doubles }, 16)).toEqual(leftover);
  expect(unpackLeftover(so101, packObservation(so101, observationFor(so101)), 16)).toBeUndefined();
});

test("a leftover has at most a chunk's steps, and a delay may be an array of one", () => {
  const { so101 } = layouts;
  const long = packLeftover(so101, { actions: new Float32Array(6 * 500_000).fill(1), delay: 1e9 });
  expect(unpackLeftover(so101, long, 16)).toEqual({ actions: new Float32Array(96).fill(1), delay: 16 });
  const scalar = { ...long, "rtc/delay": new NdArray("int64", [], BigInt64Array.of(3n)) };
  expect(unpackLeftover(so101, scalar, 16)!.delay).toBe(3);
});

test.each([
  [
    "rtc/prev_actions",
    new NdArray("float32", [1, 6], new Float32Array(6).fill(1e30)),
    /up to 100000 in .*, got 1.0000000150/,
  ],
  ["rtc/delay", new NdArray("float32", [], Float32Array.of(1.5)), /got 1.5/],
  ["rtc/delay", new NdArray("int64", [2], BigInt64Array.of(1n, 2n)), /got an array of int64 \[2\]/],
  ["rtc/prev_actions", undefined, /"rtc\/prev_actions" as floats \[steps, 6\], got nothing/],
  ["rtc/prev_actions", new NdArray("float32", [12], new Float32Array(12)), /got an array of float32 \[12\]/],
  ["rtc/prev_actions", new NdArray("float32", [1, 7], new Float32Array(7)), /got an array of float32 \[1,7\]/],
  ["rtc/prev_actions", new NdArray("float32", [1, 6], new Float32Array(6).fill(Number.NaN)), /finite.*got NaN/],
  ["rtc/delay", undefined, /"rtc\/delay" as a whole number from 0 up, got nothing/],
  ["rtc/delay", 1.5, /got 1.5/],
  ["rtc/delay", -1, /got -1/],
  ["rtc/delay", "2", /got string/],
])("%s: %o is refused", (key, value, message) => {
  const asked = { ...packLeftover(layouts.so101, { actions: new Float32Array(12), delay: 1 }), [key]: value };
  expect(() => unpackLeftover(layouts.so101, asked as Message, 16)).toThrow(message);
});

test("what does not fit is named", async () => {
  const { so101 } = layouts;
  const observation = observationFor(so101);
  expect(() => packObservation(so101, { ...observation, images: { top: observation.images.front! } })).toThrow(
    /camera "front" for "observation\/images\/front", got top/,
  );
  expect(() => packObservation(so101, { ...observation, state: new Float32Array(7) })).toThrow(
    /state of 6 numbers, got 7/,
  );
});

const message = packObservation(layouts.so101, observationFor(layouts.so101));
const pixels = (shape: readonly number[]) => new NdArray("uint8", shape, new Uint8Array(shape.reduce((a, b) => a * b)));

test.each<[string, Value | undefined, string | RegExp]>([
  ["observation/state", [1, 2], /"observation\/state" as an array of 6.*a list/],
  ["observation/state", "1 2 3 4 5 6", /got string/],
  [
    "observation/state",
    new NdArray("float64", [6], Float64Array.of(0, 0, 0, 0, Number.NaN, 0)),
    'finite float32 numbers in "observation/state", got NaN',
  ],
  ["observation/state", new NdArray("float64", [6], Float64Array.of(0, 0, 0, 0, 1e300, 0)), "got 1e+300"],
  [
    "observation/state",
    new NdArray("float32", [2_000_000], new Float32Array(2_000_000)),
    /got an array of float32 \[2000000\]$/,
  ],
  ["prompt", 3, /"prompt" as text, got number/],
  ["prompt", undefined, /"prompt" as text, got nothing \(pistar serve --default-prompt TEXT/],
  ["prompt", "x".repeat(3_000_000), /^Expected "prompt" of at most 4096 characters, got 3000000$/],
  ["observation/images/front", pixels([0, 5, 3]), '"observation/images/front" with sides of 1 to 8192 pixels, got 5×0'],
  ["observation/images/front", pixels([1, 8193, 3]), "got 8193×1"],
  [
    "observation/images/wrist",
    pixels([4, 4]),
    /as uint8 \[height, width, 3\] or \[3, height, width\].*got an array of uint8 \[4,4\]/,
  ],
  [
    "observation/images/wrist",
    pixels([4, 4, 4]),
    /3 channels as its last axis or its first, got an array of uint8 \[4,4,4\]/,
  ],
  [
    "observation/images/wrist",
    new NdArray("float32", [1, 1, 3], Float32Array.of(0, 1, 2)),
    /floats from 0 to 1, got floats with 2/,
  ],
  [
    "observation/images/wrist",
    new NdArray("float32", [1, 1, 3], Float32Array.of(0, 1, Number.NaN)),
    /got floats with NaN/,
  ],
  ["observation/images/wrist", Uint8Array.of(71, 73, 70, 56), /JPEG or PNG file, got other bytes/],
  ["observation/images/wrist", Uint8Array.of(0xff, 0xd8, 0xff, 0), /JPEG or PNG file that can be decoded, got: /],
])("%s: %o is refused", async (key, value, expected) => {
  const { [key]: _, ...others } = message;
  await expect(
    unpackObservation(layouts.so101, value === undefined ? others : { ...others, [key]: value }),
  ).rejects.toThrow(expected);
});

test("a camera may be missing, unless all are; a client without a prompt gets the default one", async () => {
  const { "observation/images/wrist": _, prompt, ...others } = message;
  const seen = await unpackObservation(layouts.so101, { ...others, "observation/images/wrist": null }, "push");
  expect([Object.keys(seen.images), seen.task]).toEqual([["front"], "push"]);
  expect((await unpackObservation(layouts.so101, message, "push")).task).toBe("do it");
  const { "observation/images/front": __, ...blind } = others;
  await expect(unpackObservation(layouts.so101, { ...blind, prompt: prompt! })).rejects.toThrow(
    'Expected a picture in "observation/images/front" or "observation/images/wrist", got nothing',
  );
});

test("pictures of any order and float dtype are taken, with openpi's numbers", async () => {
  const rgb = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const image = async (value: Value) =>
    (await unpackObservation(layouts.so101, { ...message, "observation/images/front": value })).images.front;
  const expected = { width: 2, height: 1, data: rgb };
  expect(await image(new NdArray("uint8", [1, 2, 3], rgb))).toEqual(expected);
  expect(await image(new NdArray("uint8", [3, 1, 2], Uint8Array.of(1, 4, 2, 5, 3, 6)))).toEqual(expected);
  // numpy: (255 * np.array([0, 0.0196, 0.5, 0.1294, 0.999, 1], dtype)).astype(np.uint8)
  const floats = [0, 0.0196, 0.5, 0.1294, 0.999, 1];
  const cut = {
    float64: [0, 4, 127, 32, 254, 255],
    float32: [0, 4, 127, 32, 254, 255],
    float16: [0, 5, 127, 33, 254, 255],
  };
  for (const [dtype, data] of Object.entries(cut)) {
    const numbers = dtype === "float64" ? Float64Array.from(floats) : Float32Array.from(floats);
    const array = new NdArray(dtype as "float32", [1, 2, 3], numbers);
    expect(await image(unpack(pack(array)))).toEqual({ width: 2, height: 1, data: Uint8Array.from(data) });
  }
});

test("a JPEG's and a PNG's bytes are pictures, those of a bomb are not", async () => {
  const data = Uint8Array.from({ length: 32 * 16 * 3 }, (_, i) => (i % 96) + 40);
  const raw = sharp(data, { raw: { width: 32, height: 16, channels: 3 } });
  const image = async (bytes: Uint8Array) =>
    (await unpackObservation(layouts.so101, { ...message, "observation/images/front": bytes })).images.front!;
  expect(await image(new Uint8Array(await raw.png().toBuffer()))).toEqual({ width: 32, height: 16, data });
  const decoded = await image(new Uint8Array(await raw.jpeg({ quality: 95 }).toBuffer()));
  expect([decoded.width, decoded.height]).toEqual([32, 16]);
  expect(Math.max(...decoded.data.map((x, i) => Math.abs(x - data[i]!)))).toBeLessThan(40);
  const grey = await raw.greyscale().jpeg().toBuffer();
  expect((await image(new Uint8Array(grey))).data).toHaveLength(32 * 16 * 3);
  const bomb = sharp({ create: { width: 8000, height: 8000, channels: 3, background: "white" } }).png();
  await expect(image(new Uint8Array(await bomb.toBuffer()))).rejects.toThrow("Input image exceeds pixel limit");
});

test("a state of any numeric dtype is taken, of one number without an axis, or as a list", async () => {
  const state = new NdArray("int64", [6], BigInt64Array.of(-1n, 2n, 3n, 4n, 5n, 6n));
  expect((await unpackObservation(layouts.so101, { ...message, "observation/state": state })).state).toEqual(
    Float32Array.of(-1, 2, 3, 4, 5, 6),
  );
  const droid = packObservation(layouts.droid, observationFor(layouts.droid));
  for (const gripper of [0.5, [0.5], new NdArray("float64", [], Float64Array.of(0.5))]) {
    const asked = {
      ...droid,
      "observation/joint_position": [1, 2, 3, 4, 5, 6, 7],
      "observation/gripper_position": gripper,
    };
    expect((await unpackObservation(layouts.droid, asked)).state).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 0.5));
  }
});
