// Flow matching in openpi's conventions: time 1 is noise, time 0 the action, x_t = t·noise + (1 − t)·action. The
// learned velocity is noise − action (π0, arXiv 2410.24164, section IV, with time reversed).

import type { Random } from "../system/index.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** Shortest and longest period of the time embedding. */
const periods = [4e-3, 4] as const;

/** Sinusoidal embedding of times: n elements of any shape → [n, width]. */
export function timeEmbedding(time: Tensor, width: number): Tensor {
  const half = width / 2;
  const rates = Float32Array.from({ length: half }, (_, i) => {
    const share = half === 1 ? 0 : i / (half - 1);
    return (2 * Math.PI) / (periods[0] * (periods[1] / periods[0]) ** share);
  });
  const angles = t.mul(t.reshape(time, [-1, 1]), t.constant(rates, [1, half]));
  return t.concat([t.sin(angles), t.cos(angles)], 1);
}

/** A time in (0.001, 1): Beta(1.5, 1)·0.999 + 0.001. It prefers noise. */
export const drawTime = (random: Random): number => 0.999 * random.uniform() ** (1 / 1.5) + 0.001;

/** `count` standard normal numbers. */
export function drawNoise(count: number, random: Random): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal());
}

/** x_t [B, R, H, A] for actions [B, 1, H, A], noise [B, R, H, A] and times [B, R]. */
export function interpolate(actions: Tensor, noise: Tensor, time: Tensor): Tensor {
  const share = t.reshape(time, [...time.shape, 1, 1]);
  return t.add(t.mul(noise, share), t.mul(actions, t.sub(1, share)));
}
