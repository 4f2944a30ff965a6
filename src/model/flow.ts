// Flow matching in openpi's conventions: time 1 is noise, time 0 the action, x_t = t·noise + (1 − t)·action. The
// learned velocity is noise − action (π0, arXiv 2410.24164, section IV, with time reversed).

import type { Random } from "../system/index.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** Shortest and longest period of the time embedding. */
const periods = [4e-3, 4] as const;

/**
 * Sinusoidal embedding of times from 0 to 1: n elements of any shape → [n, width].
 *
 * The shortest period passes 250 times, and 32 bits are too few for such an angle (off by 1e-4). So time and rate are
 * split into 12 bits and a rest. The product of the 12 bits is exact, and its whole turns are dropped.
 */
export function timeEmbedding(time: Tensor, width: number): Tensor {
  const half = width / 2;
  const turns = Float64Array.from({ length: half }, (_, i) => {
    const share = half === 1 ? 0 : i / (half - 1);
    return 1 / (periods[0] * (periods[1] / periods[0]) ** share);
  });
  const row = (of: (rate: number) => number) => t.constant(Float32Array.from(turns, of), [1, half]);
  const coarse = (rate: number) => Math.round(rate * 16) / 16;
  const whole = (x: Tensor) => t.cast(t.cast(x, "i32"), "f32");
  const column = t.reshape(time, [-1, 1]);
  const coarseTime = t.div(whole(t.mul(column, 4096)), 4096);
  const exact = t.mul(coarseTime, row(coarse));
  const rest = t.add(
    t.mul(
      coarseTime,
      row((rate) => rate - coarse(rate)),
    ),
    t.mul(
      t.sub(column, coarseTime),
      row((rate) => rate),
    ),
  );
  const angles = t.mul(t.add(t.sub(exact, whole(exact)), rest), 2 * Math.PI);
  return t.concat([t.sin(angles), t.cos(angles)], 1);
}

/** A time in (0.001, 1): Beta(1.5, 1)·0.999 + 0.001. It prefers noise. */
export const drawTime = (random: Random): number => 0.999 * random.uniform() ** (1 / 1.5) + 0.001;

/** `count` standard normal numbers. */
export function drawNoise(count: number, random: Random): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal());
}

/** x_t [B, R, H, A] for actions [B, 1, H, A], noise [B, R, H, A] and times: [B, R], or [B, R, H] for each step of a chunk. */
export function interpolate(actions: Tensor, noise: Tensor, time: Tensor): Tensor {
  const share = t.reshape(time, [...time.shape, ...new Array<number>(4 - time.shape.length).fill(1)]);
  return t.add(t.mul(noise, share), t.mul(actions, t.sub(1, share)));
}
