// Packets of Feetech's protocol 0, which the STS3215 speaks: FF FF ID LEN INSTRUCTION-or-ERROR PARAMETERS SUM.

/** Instructions of the protocol. */
export const instructions = {
  ping: 0x01,
  read: 0x02,
  write: 0x03,
  syncRead: 0x82,
  syncWrite: 0x83,
} as const;

/** Address of all motors. */
export const broadcast = 0xfe;

/** The longest packet that Feetech's SDK takes, in bytes. */
const longest = 250;

/** Complement of the low byte of the sum over ID, length, instruction or error, and parameters. */
export function checksum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += bytes[i]!;
  return ~sum & 0xff;
}

/**
 * A packet: a request with an instruction, or a motor's answer with an error byte.
 * @throws RangeError if it would be longer than 250 bytes
 */
export function packet(id: number, instructionOrError: number, parameters: ArrayLike<number> = []): Uint8Array {
  const size = parameters.length + 6;
  if (size > longest) throw new RangeError(`Expected a packet of at most ${longest} bytes, got ${size}`);
  const bytes = new Uint8Array(size);
  bytes.set([0xff, 0xff, id, parameters.length + 2, instructionOrError]);
  bytes.set(Array.from(parameters), 5);
  bytes[size - 1] = checksum(bytes, 2, size - 1);
  return bytes;
}

/** A motor's answer. */
export interface Answer {
  readonly id: number;
  /** Bits of the error byte; 0 without a fault. */
  readonly error: number;
  readonly data: Uint8Array;
}

/** An expected answer: the motor's id, and the number of bytes of data. */
export interface Expected {
  readonly id: number;
  readonly count: number;
}

/**
 * Finds the expected answers in the bytes of the line. Identity, length and checksum must fit. Everything else is skipped byte by byte: noise,
 * damaged packets, late answers of another kind.
 */
export class AnswerReader {
  private readonly expected: readonly Expected[];
  private readonly found = new Map<number, Answer>();
  private bytes = new Uint8Array(0);
  private skipped = 0;

  constructor(expected: readonly Expected[]) {
    this.expected = expected;
  }

  /** Whether all answers are there. */
  get complete(): boolean {
    return this.found.size === this.expected.length;
  }

  /** Whether the line carried nothing but the answers. */
  get clean(): boolean {
    return this.skipped === 0 && this.ended;
  }

  /** Whether nothing follows the answers. */
  get ended(): boolean {
    return this.bytes.length === 0;
  }

  /** The answers in the order in which they were expected. Those that are missing are left out. */
  get answers(): Answer[] {
    return this.expected.flatMap(({ id }) => this.found.get(id) ?? []);
  }

  /** The ids without an answer. */
  get missing(): number[] {
    return this.expected.map(({ id }) => id).filter((id) => !this.found.has(id));
  }

  push(bytes: Uint8Array): void {
    this.bytes = Uint8Array.from([...this.bytes, ...bytes]);
    let at = 0;
    while (!this.complete && at < this.bytes.length) {
      const step = this.readAt(at);
      if (step === 0) break;
      if (step === 1) this.skipped++;
      at += step;
    }
    this.bytes = this.bytes.slice(at);
  }

  /** Bytes to go on by: a whole packet, 1 if none begins here, 0 if more bytes must come first. */
  private readAt(at: number): number {
    const { bytes } = this;
    const left = bytes.length - at;
    if (bytes[at] !== 0xff || (left > 1 && bytes[at + 1] !== 0xff)) return 1;
    if (left < 4) return 0;
    const [id, length] = [bytes[at + 2]!, bytes[at + 3]!];
    const wanted = this.expected.find((one) => one.id === id && !this.found.has(id));
    if (!wanted || length !== wanted.count + 2) return 1;
    const size = length + 4;
    if (left < size) return 0;
    if (checksum(bytes, at + 2, at + size - 1) !== bytes[at + size - 1]) return 1;
    this.found.set(id, { id, error: bytes[at + 4]!, data: bytes.slice(at + 5, at + size - 1) });
    return size;
  }
}
