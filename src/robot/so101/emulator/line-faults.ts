// Faults of the line, to inject between emulated motors and a driver.
import type { Random } from "../../../system/index.ts";

/** Bytes that reach the driver `delay` milliseconds after the request. */
export interface Delivery {
  readonly bytes: Uint8Array;
  readonly delay: number;
}

/** Turns the answers to one request, a packet each, into what reaches the driver. */
export type LineFault = (answers: readonly Uint8Array[]) => Delivery[];

const joined = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const now = (...parts: Uint8Array[]): Delivery[] => [{ bytes: joined(parts), delay: 0 }];

/** A line without lineFaults. */
export const faultless: LineFault = (answers) => (answers.length > 0 ? now(...answers) : []);

/** The lineFaults of one answer, the last of a request. */
export const lineFaults = {
  dropped: (answers) => now(...answers.slice(0, -1)),
  cut: (answers) => now(joined(answers).slice(0, -3)),
  doubled: (answers) => now(...answers, ...answers.slice(-1)),
  corrupted: (answers) => now(joined(answers).map((byte, i, all) => (i === all.length - 2 ? byte ^ 0x10 : byte))),
  noise: (answers) => now(Uint8Array.of(0x00, 0xff, 0x5a), joined(answers)),
  late: (answers) => [{ bytes: joined(answers), delay: 13 }],
} as const satisfies Readonly<Record<string, LineFault>>;

/** Every `n`-th answered request has this fault. */
export function every(n: number, fault: LineFault): LineFault {
  let count = 0;
  return (answers) => (answers.length > 0 && ++count % n === 0 ? fault(answers) : faultless(answers));
}

/**
 * Damages a share of the answers in many ways: bits flipped, bytes replaced, left out or inserted, parts cut off or doubled, and late. @param onMutation told of each damaged answer
 */
export function mutating(random: Random, share: number, onMutation: () => void): LineFault {
  const below = (n: number) => Math.floor(random.uniform() * n);
  return (answers) => {
    if (answers.length === 0 || random.uniform() >= share) return faultless(answers);
    onMutation();
    const bytes = [...joined(answers)];
    const rounds = 1 + below(3);
    for (let i = 0; i < rounds && bytes.length > 1; i++) {
      const at = below(bytes.length);
      const kind = below(7);
      if (kind === 0) bytes[at]! ^= 1 << below(8);
      else if (kind === 1) bytes[at] = below(256);
      else if (kind === 2) bytes.splice(at, 1 + below(4));
      else if (kind === 3) bytes.splice(at, 0, ...Array.from({ length: 1 + below(6) }, () => below(256)));
      else if (kind === 4) bytes.splice(at, 0, ...bytes.slice(at, at + 1 + below(12)));
      else if (kind === 5) bytes.length = at;
      else bytes.unshift(...bytes.slice(0, 1 + below(bytes.length)));
    }
    const delay = random.uniform() < 0.2 ? below(40) : 0;
    return [{ bytes: Uint8Array.from(bytes), delay }];
  };
}
