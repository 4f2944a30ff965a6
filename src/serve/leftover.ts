// Real-time chunking over the protocol: an observation carries the rest of the robot's present chunk.
import type { Leftover } from "../robot/index.ts";
import { describe, isFloats, type ObservationLayout } from "./layout.ts";
import { largestAction } from "./limits.ts";
import { NdArray } from "./ndarray.ts";
import type { Message, Value } from "./pack.ts";

/**
 * openpi's protocol has no real-time chunking. A client may send these keys beside the observation's own to a server
 * with `[leftoverKeys.actions]: true` in its metadata. The actions are the rest of the present chunk, [steps, actions]
 * in the units and order of the answer. The delay is the number of them executed before the next chunk takes over.
 */
export const leftoverKeys = { actions: "rtc/prev_actions", delay: "rtc/delay" } as const;

/** The keys of a leftover. */
export function packLeftover(layout: ObservationLayout, { actions, delay }: Leftover): Message {
  const width = layout.actions;
  return {
    [leftoverKeys.actions]: new NdArray("float32", [actions.length / width, width], actions),
    [leftoverKeys.delay]: delay,
  };
}

/**
 * The leftover in a client's message, or undefined without one.
 * @param horizon steps of a chunk; later ones are ignored
 * @throws TypeError naming a wrong key
 */
export function unpackLeftover(layout: ObservationLayout, message: Message, horizon: number): Leftover | undefined {
  const [actions, delay] = [message[leftoverKeys.actions], message[leftoverKeys.delay]];
  if (actions === undefined && delay === undefined) return undefined;
  const width = layout.actions;
  if (!isFloats(actions) || actions.shape.length !== 2 || actions.shape[1] !== width)
    throw new TypeError(`Expected "${leftoverKeys.actions}" as floats [steps, ${width}], got ${describe(actions)}`);
  const numbers = Float32Array.from((actions.data as Float32Array | Float64Array).subarray(0, horizon * width));
  const wrong = numbers.find((x) => !(Math.abs(x) <= largestAction));
  if (wrong !== undefined)
    throw new TypeError(`Expected finite numbers up to ${largestAction} in "${leftoverKeys.actions}", got ${wrong}`);
  return { actions: numbers, delay: Math.min(wholeNumber(delay), horizon) };
}

/** A number, or an array of one: numpy's scalars travel as either. */
function wholeNumber(delay: Value | undefined): number {
  const alone = delay instanceof NdArray && delay.data.length === 1 ? Number(delay.data[0]) : delay;
  if (!(Number.isSafeInteger(alone) && (alone as number) >= 0))
    throw new TypeError(
      `Expected "${leftoverKeys.delay}" as a whole number from 0 up, got ${typeof alone === "number" ? alone : describe(alone)}`,
    );
  return alone as number;
}
