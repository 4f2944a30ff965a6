// The motors' positions, loads and temperatures, read in one request and checked.
import type { FeetechBus } from "./bus.ts";
import { type Clock, realClock } from "./clock.ts";
import type { Answer } from "./packet.ts";
import { countsPerTurn, fromBytes, presentBlock, type RegisterName, registers } from "./registers.ts";

/** What a motor reports, in its own units. */
export interface Present {
  readonly id: number;
  /** Counts, 0 to 4095. */
  readonly position: number;
  /** Counts a second. */
  readonly velocity: number;
  /** Share of the full torque, −1 to 1. */
  readonly load: number;
  /** Volts. */
  readonly voltage: number;
  /** Degrees Celsius. */
  readonly temperature: number;
  /** Amperes, at 6.5 mA a count. */
  readonly current: number;
  /** Bits of its error byte and of its status register. */
  readonly error: number;
}

/** The fastest that a shaft turns, counts a second, with a margin: an STS3215 without load does about 3,400. */
const fastest = 6000;
/** Largest difference of two readings of a shaft at rest, in counts. */
const slack = 8;

function present({ id, error, data }: Answer): Present {
  const value = (name: RegisterName) =>
    fromBytes(registers[name], data, registers[name].address - presentBlock.address);
  return {
    id,
    position: value("Present_Position"),
    velocity: value("Present_Velocity"),
    load: value("Present_Load") / 1000,
    voltage: value("Present_Voltage") / 10,
    temperature: value("Present_Temperature"),
    current: value("Present_Current") * 0.0065,
    error: error | value("Status"),
  };
}

/**
 * Reads all motors. The protocol's checksum has eight bits, so one damaged answer in 256 passes it. An impossible position, or a jump faster
 * than a shaft can turn, is read again until two readings agree. On a line with damage every position is read twice.
 */
export class PresentReader {
  private readonly bus: FeetechBus;
  private readonly ids: readonly number[];
  private readonly clock: Clock;
  private last: { readonly at: number; readonly motors: readonly Present[] } | undefined;

  constructor(bus: FeetechBus, ids: readonly number[], clock: Clock = realClock) {
    this.bus = bus;
    this.ids = ids;
    this.clock = clock;
  }

  /** @throws PistarError no-answer, or unavailable if the port is gone */
  async read(): Promise<readonly Present[]> {
    for (;;) {
      const answers = await this.bus.syncRead(this.ids, presentBlock.address, presentBlock.count);
      const reading = { at: this.clock.now(), motors: answers.map(present) };
      if (reading.motors.some(({ position }) => position < 0 || position >= countsPerTurn)) continue;
      const before = this.last;
      this.last = reading;
      if (before ? agree(before, reading) && !this.bus.suspect : !this.bus.suspect) return reading.motors;
      if (await this.confirmed(reading)) return reading.motors;
    }
  }

  /** Whether a second reading agrees with this one. */
  private async confirmed(reading: { readonly at: number; readonly motors: readonly Present[] }): Promise<boolean> {
    const answers = await this.bus.syncRead(this.ids, presentBlock.address, presentBlock.count);
    const second = { at: this.clock.now(), motors: answers.map(present) };
    this.last = second;
    return agree(reading, second);
  }
}

function agree(
  a: { readonly at: number; readonly motors: readonly Present[] },
  b: { readonly at: number; readonly motors: readonly Present[] },
): boolean {
  const reach = slack + (fastest * (b.at - a.at)) / 1000;
  return a.motors.every(({ position }, i) => Math.abs(position - b.motors[i]!.position) <= reach);
}
