// The bus of Feetech motors, over any stream of bytes: a serial port, Web Serial, an emulator in memory. The line is half-duplex, so one
// transaction runs at a time. A request is repeated unless its answers came whole, with nothing else on the line.
import { PistarError } from "../../system/index.ts";
import { type Clock, realClock } from "./clock.ts";
import { type Answer, AnswerReader, broadcast, type Expected, instructions, packet } from "./packet.ts";
import { fromBytes, type Register, registers, toBytes } from "./registers.ts";

/** Bytes to and from the motors. */
export interface ByteStream {
  /** Name for messages, such as "/dev/ttyACM0". */
  readonly name: string;
  write(bytes: Uint8Array): void;
  /** Sets the listeners: for bytes, and for an unexpected end of the stream, such as a pulled plug. */
  listen(onData: (bytes: Uint8Array) => void, onEnd: (why: string) => void): void;
  /** Ends the stream, once what was written has left. */
  close(): Promise<void>;
}

export interface BusOptions {
  readonly clock?: Clock;
  /** Milliseconds to wait for an answer (default: 10). */
  readonly timeout?: number;
  /** How often a request without an answer is repeated (default: 2). */
  readonly retries?: number;
}

/** What the bus has met since it was opened. */
export interface BusCounts {
  /** Requests, repeated ones not counted. */
  requests: number;
  /** Requests that had to be repeated, each time. */
  repeated: number;
  /** How often the line was read empty, after a lost answer or unasked bytes. */
  cleared: number;
}

/** Three bytes from the model number on: model and identity. No other request has an answer of this length. */
const identity = { address: registers.Model_Number.address, count: 3 };

/** Milliseconds from which a timer is late. */
const late = 2;

export class FeetechBus {
  readonly counts: BusCounts = { requests: 0, repeated: 0, cleared: 0 };
  private readonly stream: ByteStream;
  private readonly clock: Clock;
  private readonly timeout: number;
  private readonly retries: number;
  private queue: Promise<unknown> = Promise.resolve();
  private reader: AnswerReader | undefined;
  private wake: (() => void) | undefined;
  /** Whether bytes of an earlier transaction may still come. */
  private dirty = false;
  private ended: PistarError | undefined;
  private lastDamage = Number.NEGATIVE_INFINITY;

  constructor(stream: ByteStream, { clock = realClock, timeout = 10, retries = 2 }: BusOptions = {}) {
    this.stream = stream;
    this.clock = clock;
    this.timeout = timeout;
    this.retries = retries;
    stream.listen(
      (bytes) => this.receive(bytes),
      (why) => this.end(why),
    );
  }

  /** Name of the port, for messages. */
  get name(): string {
    return this.stream.name;
  }

  /** Why nothing can be sent any more; undefined while the bus is open. */
  get failure(): PistarError | undefined {
    return this.ended;
  }

  /** Whether bytes on the line were damaged in the last second. */
  get suspect(): boolean {
    return this.clock.now() - this.lastDamage < 1000;
  }

  /** The motor's error byte. Undefined if it does not answer. */
  async ping(id: number): Promise<number | undefined> {
    const [answer] = await this.request(packet(id, instructions.ping), [{ id, count: 0 }]);
    return answer?.error;
  }

  /**
   * A register's value.
   * @throws PistarError no-answer
   */
  async read(id: number, register: Register): Promise<number> {
    const request = packet(id, instructions.read, [register.address, register.bytes]);
    const [answer] = await this.answered(`reading ${register.name}`, request, [{ id, count: register.bytes }]);
    return fromBytes(register, answer!.data);
  }

  /**
   * Writes a register and waits for the motor's acknowledgement.
   * @throws PistarError no-answer; RangeError for a value that the register cannot hold
   */
  async write(id: number, register: Register, value: number): Promise<void> {
    const request = packet(id, instructions.write, [register.address, ...toBytes(register, value)]);
    await this.answered(`writing ${register.name}`, request, [{ id, count: 0 }]);
  }

  /**
   * `count` bytes from `address` on, of several motors in one request. An answer with error bits still carries its data.
   * @throws PistarError no-answer naming the motors that did not answer
   */
  syncRead(ids: readonly number[], address: number, count: number): Promise<Answer[]> {
    const request = packet(broadcast, instructions.syncRead, [address, count, ...ids]);
    return this.answered(
      `reading ${count} bytes from address ${address}`,
      request,
      ids.map((id) => ({ id, count })),
    );
  }

  /**
   * Writes a register of several motors in one request. Motors do not acknowledge it: a lost packet goes unnoticed.
   * @throws PistarError unavailable if the port is gone; RangeError for a value that the register cannot hold
   */
  async syncWrite(ids: readonly number[], register: Register, values: readonly number[]): Promise<void> {
    const parameters = ids.flatMap((id, i) => [id, ...toBytes(register, values[i]!)]);
    const request = packet(broadcast, instructions.syncWrite, [register.address, register.bytes, ...parameters]);
    await this.request(request, []);
  }

  /** Ends the bus after the transaction in progress. The motors keep torque and goal. */
  async close(): Promise<void> {
    await this.queue;
    this.ended ??= new PistarError("unavailable", `${this.name}: the port is closed`);
    await this.stream.close();
  }

  private async answered(action: string, request: Uint8Array, expected: readonly Expected[]): Promise<Answer[]> {
    const answers = await this.request(request, expected);
    if (answers.length === expected.length) return answers;
    const missing = expected.map(({ id }) => id).filter((id) => !answers.some((answer) => answer.id === id));
    throw new PistarError(
      "no-answer",
      `${this.name}: ${action}: no valid answer from ${missing.length > 1 ? "motors" : "motor"} ${missing.join(", ")} in ${this.retries + 1} tries; look at the cable and the power supply`,
    );
  }

  /** Sends a request when the line is free, and again until all answers came or the tries are used up. The most complete answers. */
  private request(request: Uint8Array, expected: readonly Expected[]): Promise<Answer[]> {
    const done = this.queue.then(async () => {
      this.counts.requests++;
      let answers: Answer[] = [];
      for (let tries = 0; tries <= this.retries; tries++) {
        if (tries > 0) this.counts.repeated++;
        if (this.dirty && !(await this.clear(expected))) continue;
        const found = await this.exchange(request, expected);
        if (found.length >= answers.length) answers = found;
        if (answers.length === expected.length) break;
      }
      return answers;
    });
    this.queue = done.catch(() => {});
    return done;
  }

  /**
   * Reads the line empty. Motors answer in order, so nothing older comes after the answer to a new question. No other request has an
   * answer of this length, so a late answer is not taken for it.
   */
  private async clear(expected: readonly Expected[]): Promise<boolean> {
    const id = expected.at(-1)?.id;
    // Nothing can be mistaken for an answer where none is expected.
    if (id === undefined) return true;
    this.counts.cleared++;
    const request = packet(id, instructions.read, [identity.address, identity.count]);
    const [answer] = await this.exchange(request, [{ id, count: identity.count }], true);
    if (answer?.data[2] !== id) return false;
    this.dirty = false;
    return true;
  }

  /** @param leftovers whether bytes of earlier transactions may come before the answers */
  private async exchange(request: Uint8Array, expected: readonly Expected[], leftovers = false): Promise<Answer[]> {
    if (this.ended) throw this.ended;
    if (expected.length === 0) {
      this.stream.write(request);
      return [];
    }
    const reader = new AnswerReader(expected);
    this.reader = reader;
    await new Promise<void>((resolve) => {
      let cancel = () => {};
      const waitOnce = (patience: number) => {
        const due = this.clock.now() + this.timeout;
        cancel = this.clock.after(this.timeout, () => {
          // A late timer shows that this process was held up. The answer may be waiting to be read.
          if (patience > 0 && this.clock.now() - due > late) waitOnce(patience - 1);
          else resolve();
        });
      };
      this.wake = () => {
        cancel();
        resolve();
      };
      waitOnce(3);
      this.stream.write(request);
    });
    this.reader = undefined;
    this.wake = undefined;
    if (this.ended) throw this.ended;
    if (reader.complete && reader.clean) return reader.answers;
    this.dirty = true;
    // The checksum has only eight bits, so it passes some damage.
    if (!reader.clean) this.lastDamage = this.clock.now();
    return reader.clean || (leftovers && reader.ended) ? reader.answers : [];
  }

  private receive(bytes: Uint8Array): void {
    if (!this.reader) {
      this.dirty = true;
      this.lastDamage = this.clock.now();
      return;
    }
    this.reader.push(bytes);
    if (this.reader.complete) this.wake?.();
  }

  private end(why: string): void {
    this.ended ??= new PistarError(
      "unavailable",
      `${this.name}: ${why}. Nothing can be sent any more: the arm holds its last goal. Pull the plug of its power supply to stop it`,
    );
    this.wake?.();
  }
}
