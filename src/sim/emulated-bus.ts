// The simulated arm on an emulated bus: a driver speaks to it as to a real arm.
import {
  type Calibration,
  type Clock,
  EmulatedChain,
  EmulatedServo,
  EmulatedStream,
  type Mechanics,
  so101,
  storedRegisters,
} from "../robot/index.ts";
import { EmulatedArm, toCounts } from "./emulated-arm.ts";
import type { World } from "./world.ts";

/** The calibration of the emulated arm: its ranges are the model's, so −100 to 100 is the same in both. */
export const emulatedCalibration: Calibration = so101.map(({ limits: [low, high] }, i) => ({
  id: i + 1,
  drive_mode: 0,
  homing_offset: 0,
  range_min: Math.round(toCounts(low, i)),
  range_max: Math.round(toCounts(high, i)),
}));

/** Six motors that hold the emulated arm's calibration. */
function emulatedServos(): EmulatedServo[] {
  return emulatedCalibration.map((motor) => {
    const servo = new EmulatedServo(motor.id);
    for (const [field, { name }] of storedRegisters) servo.set(name, motor[field]);
    return servo;
  });
}

/** An emulated bus: its chain of motors, and the stream for a driver. */
export interface EmulatedBus {
  readonly chain: EmulatedChain;
  readonly stream: EmulatedStream;
}

/** Puts mechanics, such as a world's arm, behind emulated motors. */
export function emulateBus(mechanics: Mechanics, clock: Clock): EmulatedBus {
  const chain = new EmulatedChain(emulatedServos(), mechanics);
  return { chain, stream: new EmulatedStream(chain, clock) };
}

/** A world's arm behind emulated motors. Each `arrange` begins an episode of the world, as a person puts the scene back. */
export function emulateWorld(
  world: World,
  clock: Clock,
): EmulatedBus & { readonly arrange: (seed: number, instruction?: string) => Promise<void> } {
  const bus = emulateBus(new EmulatedArm(world), clock);
  return {
    ...bus,
    async arrange(seed, instruction) {
      bus.chain.advance(clock.now());
      await world.reset({ seed, instruction });
      bus.chain.measure();
      for (const servo of bus.chain.servos) servo.set("Goal_Position", servo.get("Present_Position"));
    },
  };
}
