// The only source of randomness in pistar: a seeded generator (xoroshiro128+), passed to each function that draws. One seed gives the same
// numbers on every machine. `split` gives a child stream by name, so a new consumer does not move anyone else's numbers.
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

export interface Random {
  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** Uniform integer in [0, below); `below` is an integer from 1 to 2³¹. */
  integer(below: number): number;
  /** A uniformly shuffled copy (Fisher–Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent generator named `key`. The same key gives the same child. This generator does not move. */
  split(key: string | number): Random;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value | 0;
}

/** A generator for `seed`, any number or text. The same seed gives the same stream. */
export function random(seed: number | string): Random {
  const path = String(seed);
  const generator = xoroshiro128plusFromState([0, 1, 2, 3].map((word) => hash(`${word}:${path}`)));
  for (let i = 0; i < 16; i++) generator.next(); // mixes: similar seeds begin with similar words
  const word = () => generator.next() >>> 0;
  const uniform = () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
  const integer = (below: number) => {
    if (!Number.isInteger(below) || below < 1 || below > 2 ** 31)
      throw new RangeError(`Expected \`below\` to be an integer from 1 to 2^31, got ${below}`);
    // Rejects the last incomplete block: all values are equally likely.
    const limit = 2 ** 32 - (2 ** 32 % below);
    let value = word();
    while (value >= limit) value = word();
    return value % below;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer,
    shuffle: (items) => {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        [copy[i], copy[j]] = [copy[j]!, copy[i]!];
      }
      return copy;
    },
    split: (key) => random(`${path}/${key}`),
  };
}
