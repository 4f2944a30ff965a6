// The bus of an arm alone, for commands that look at motors or set them up. Nothing moves.
import { type Clock, emulatedPort, FeetechBus, openSerialPort, realClock, SimulatedClock } from "../../robot/index.ts";
import { createTaskWorld, emulateWorld, taskNamed } from "../../sim/index.ts";
import { anySetting } from "./open-arm.ts";

export interface BareBus {
  readonly bus: FeetechBus;
  readonly clock: Clock;
  close(): Promise<void>;
}

/** Opens a port, or the emulated arm. @throws PistarError as `openSerialPort` */
export async function openBus(
  port: string,
  options: { readonly timeout?: number; readonly retries?: number } = {},
): Promise<BareBus> {
  if (port !== emulatedPort) {
    const bus = new FeetechBus(await openSerialPort(port), options);
    return { bus, clock: realClock, close: () => bus.close() };
  }
  const clock = new SimulatedClock();
  const { task, ...setting } = anySetting;
  const world = await createTaskWorld(taskNamed(task), { ...setting, cameras: [] });
  const bus = new FeetechBus(emulateWorld(world, clock).stream, { clock, ...options });
  return {
    bus,
    clock,
    async close() {
      await bus.close();
      await world.close();
    },
  };
}
