// A seeded generator with named child streams: one seed, the same numbers on every machine.
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

export interface Random {
  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, below); `below` from 1 to 2³¹. */
  integer(below: number): number;
  /** The child stream named `key`: the same for the same key, whatever was drawn here before. */
  split(key: string | number): Random;
}

/** A generator for `seed`. */
export function random(seed: number | string): Random {
  const path = String(seed);
  const generator = xoroshiro128plusFromState([0, 1, 2, 3].map((word) => hash(`${word}:${path}`)));
  for (let at = 0; at < 16; at++) generator.next(); // similar paths hash alike at first
  const word = () => generator.next() >>> 0;
  return {
    uniform: () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53,
    integer: (below) => {
      const limit = 2 ** 32 - (2 ** 32 % below); // beyond it some values would come more often
      let value = word();
      while (value >= limit) value = word();
      return value % below;
    },
    split: (key) => random(`${path}/${key}`),
  };
}

/** FNV-1a of the UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value | 0;
}
