import { expect, test } from "vitest";
import type { Observation } from "../robot/index.ts";
import {
  layouts,
  type ObservationLayout,
  packLeftover,
  packObservation,
  unpackLeftover,
  unpackObservation,
} from "./layout.ts";
import { NdArray } from "./ndarray.ts";
import type { Message } from "./pack.ts";

/** An observation that fits a layout: every pixel and number another. */
function observationFor(layout: ObservationLayout, size = layout.imageSize ?? 4): Observation {
  const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => i % 251);
  const images = Object.fromEntries(
    Object.keys(layout.images).map((name) => [name, { width: size, height: size, data }]),
  );
  const length = layout.state.reduce((sum, part) => sum + part.size, 0);
  return { images, state: Float32Array.from({ length }, (_, i) => i / 8), task: "do it" };
}

test.each(Object.entries(layouts))("%s: what is packed can be unpacked", (_, layout) => {
  const observation = observationFor(layout);
  expect(unpackObservation(layout, packObservation(layout, observation))).toEqual(observation);
});

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
  expect(unpackLeftover(so101, message)).toEqual(leftover);
  const doubles = new NdArray("float64", [2, 6], Float64Array.from(leftover.actions));
  expect(unpackLeftover(so101, { ...message, "rtc/prev_actions": doubles })).toEqual(leftover);
  expect(unpackLeftover(so101, packObservation(so101, observationFor(so101)))).toBeUndefined();
});

test.each([
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
  expect(() => unpackLeftover(layouts.so101, asked as Message)).toThrow(message);
});

test("what does not fit is named", () => {
  const { so101 } = layouts;
  const observation = observationFor(so101);
  expect(() => packObservation(so101, { ...observation, images: { top: observation.images.front! } })).toThrow(
    /camera "front" for "observation\/images\/front", got top/,
  );
  expect(() => packObservation(so101, { ...observation, state: new Float32Array(7) })).toThrow(
    /state of 6 numbers, got 7/,
  );
  const message = packObservation(so101, observation);
  expect(() => unpackObservation(so101, { ...message, "observation/state": [1, 2] })).toThrow(
    /"observation\/state" as an array of 6.*a list/,
  );
  expect(() => unpackObservation(so101, { ...message, prompt: 3 })).toThrow(/"prompt" as text, got number/);
  for (const x of [Number.NaN, 1e300]) {
    const state = new NdArray("float64", [6], Float64Array.of(0, 0, 0, 0, x, 0));
    expect(() => unpackObservation(so101, { ...message, "observation/state": state })).toThrow(
      `finite float32 numbers in "observation/state", got ${x}`,
    );
  }
  for (const [height, width] of [
    [0, 5],
    [1, 8193],
  ] as const) {
    const picture = new NdArray("uint8", [height, width, 3], new Uint8Array(height * width * 3));
    expect(() => unpackObservation(so101, { ...message, "observation/images/front": picture })).toThrow(
      `"observation/images/front" with sides of 1 to 8192 pixels, got ${width}×${height}`,
    );
  }
  const grey = new NdArray("uint8", [4, 4], new Uint8Array(16));
  expect(() => unpackObservation(so101, { ...message, "observation/images/wrist": grey })).toThrow(
    /"observation\/images\/wrist" as uint8 \[height, width, 3\], got an array of uint8 \[4,4\]/,
  );
});

test("a state of any numeric dtype is taken", () => {
  const message = packObservation(layouts.so101, observationFor(layouts.so101));
  const state = new NdArray("int64", [6], BigInt64Array.of(-1n, 2n, 3n, 4n, 5n, 6n));
  expect(unpackObservation(layouts.so101, { ...message, "observation/state": state }).state).toEqual(
    Float32Array.of(-1, 2, 3, 4, 5, 6),
  );
});
