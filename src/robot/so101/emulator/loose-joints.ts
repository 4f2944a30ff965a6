// Joints without an arm. They go towards their goals at a constant speed.
import type { Mechanics } from "./chain.ts";
import type { EmulatedServo, Measured } from "./servo.ts";

/** Counts a second. */
const speed = 3400;

export class LooseJoints implements Mechanics {
  /** Positions of the shafts in counts. A hand may move them. */
  readonly encoders: number[];
  /** Joints that something blocks. */
  readonly blocked = new Set<number>();
  private readonly velocities: number[];
  private readonly loads: number[];
  private time = 0;

  constructor(encoders: readonly number[]) {
    this.encoders = [...encoders];
    this.velocities = encoders.map(() => 0);
    this.loads = encoders.map(() => 0);
  }

  advance(now: number, servos: readonly EmulatedServo[]): void {
    const reach = (speed * (now - this.time)) / 1000;
    if (reach <= 0) return;
    for (const [i, servo] of servos.entries()) {
      const error = servo.torque ? servo.goal - this.encoders[i]! : 0;
      const step = this.blocked.has(i) ? 0 : Math.max(-reach, Math.min(reach, error));
      this.encoders[i] = this.encoders[i]! + step;
      this.velocities[i] = (1000 * step) / (now - this.time);
      const push = Math.min(servo.get("Torque_Limit") / 1000, Math.abs(error - step) / 20);
      this.loads[i] = Math.sign(error) * push;
    }
    this.time = now;
  }

  measured(i: number): Measured {
    return { encoder: this.encoders[i]!, velocity: this.velocities[i]!, load: this.loads[i]! };
  }
}
