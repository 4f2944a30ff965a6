// A chain of emulated motors: requests in, answers out, as on the real line.
import { broadcast, checksum, instructions, packet } from "../packet.ts";
import { registers } from "../registers.ts";
import type { EmulatedServo, Measured } from "./servo.ts";

/** The arm behind the motors: MuJoCo's, or loose joints. */
export interface Mechanics {
  /** Lets time pass up to `now`, in milliseconds, under the motors' present goals. */
  advance(now: number, servos: readonly EmulatedServo[]): void;
  measured(index: number): Measured;
}

/** A goal that a motor was given. */
export interface SeenGoal {
  /** Milliseconds. */
  readonly at: number;
  readonly id: number;
  readonly goal: number;
  /** Position of the joint at that moment. */
  readonly position: number;
}

export class EmulatedChain {
  readonly servos: EmulatedServo[];
  /** Every goal that the line carried, in order. */
  readonly goals: SeenGoal[] = [];
  private readonly mechanics: Mechanics;
  private pending = new Uint8Array(0);

  constructor(servos: EmulatedServo[], mechanics: Mechanics) {
    this.servos = servos;
    this.mechanics = mechanics;
  }

  /** Lets the motors move and measure up to `now`. */
  advance(now: number): void {
    this.mechanics.advance(now, this.servos);
    this.measure();
  }

  /** Measures anew, after something else has moved the joints. */
  measure(): void {
    for (const [i, servo] of this.servos.entries()) servo.measure(this.mechanics.measured(i));
  }

  /** The answers to the requests that are complete with these bytes, a packet each. */
  receive(bytes: Uint8Array, now: number): Uint8Array[] {
    this.pending = Uint8Array.from([...this.pending, ...bytes]);
    const answers: Uint8Array[] = [];
    let at = 0;
    while (this.pending.length - at >= 6) {
      const left = this.pending.subarray(at);
      const size = left[3]! + 4;
      if (left[0] !== 0xff || left[1] !== 0xff || left[3]! < 2) at++;
      else if (left.length < size) break;
      else if (checksum(left, 2, size - 1) !== left[size - 1]) at++;
      else {
        this.advance(now);
        answers.push(...this.execute(left[2]!, left[4]!, left.slice(5, size - 1), now));
        at += size;
      }
    }
    this.pending = this.pending.slice(at);
    return answers;
  }

  private execute(id: number, instruction: number, parameters: Uint8Array, now: number): Uint8Array[] {
    const [address = 0, count = 0] = parameters;
    const answer = (servo: EmulatedServo, data: ArrayLike<number> = []) => packet(servo.id, servo.error, data);
    const connected = this.servos.filter((servo) => servo.connected);
    const addressed = connected.filter((servo) => id === broadcast || servo.id === id);
    switch (instruction) {
      case instructions.ping:
        return addressed.map((servo) => answer(servo));
      case instructions.read:
        return id === broadcast ? [] : addressed.map((servo) => answer(servo, servo.read(address, count)));
      case instructions.write: {
        const answers = id === broadcast ? [] : addressed.map((servo) => answer(servo));
        for (const servo of addressed) this.write(servo, address, parameters.subarray(1), now);
        return answers;
      }
      case instructions.syncRead:
        return Array.from(parameters.subarray(2)).flatMap((wanted) => {
          const servo = connected.find((one) => one.id === wanted);
          return servo ? [answer(servo, servo.read(address, count))] : [];
        });
      case instructions.syncWrite:
        for (let at = 2; at + count < parameters.length; at += count + 1) {
          const servo = connected.find((one) => one.id === parameters[at]);
          if (servo) this.write(servo, address, parameters.subarray(at + 1, at + 1 + count), now);
        }
        return [];
      default:
        return [];
    }
  }

  private write(servo: EmulatedServo, address: number, bytes: Uint8Array, now: number): void {
    servo.write(address, bytes);
    const { address: goal } = registers.Goal_Position;
    if (address <= goal && goal + 2 <= address + bytes.length)
      this.goals.push({
        at: now,
        id: servo.id,
        goal: servo.get("Goal_Position"),
        position: servo.get("Present_Position"),
      });
  }
}
