// Damaged answers of emulated motors against the driver of the bus: 100,000, or as many as the argument says. Prints what became of them, and how
// many positions were accepted although they were wrong. Every reading has other positions, so an earlier answer is a wrong one too.
import {
  EmulatedChain,
  EmulatedServo,
  EmulatedStream,
  FeetechBus,
  LooseJoints,
  mutating,
  PresentReader,
  SimulatedClock,
} from "../src/robot/index.ts";
import { random } from "../src/system/index.ts";

const wanted = Number(process.argv[2] ?? 100_000);
const ids = [1, 2, 3, 4, 5, 6];
const generator = random(35);
const clock = new SimulatedClock();
const joints = new LooseJoints(ids.map(() => 2047));
const chain = new EmulatedChain(
  ids.map((id) => new EmulatedServo(id)),
  joints,
);
const stream = new EmulatedStream(chain, clock);
const bus = new FeetechBus(stream, { clock });
const reader = new PresentReader(bus, ids, clock);
let mutated = 0;
stream.fault = mutating(generator.split("faults"), 0.3, () => mutated++);
let [read, lost, wrong, largest] = [0, 0, 0, 0];
while (mutated < wanted) {
  for (const i of ids.keys()) joints.encoders[i] = Math.floor(generator.uniform() * 4096);
  try {
    const motors = await reader.read();
    read++;
    for (const [i, { position }] of motors.entries()) {
      const error = Math.abs(position - joints.encoders[i]!);
      if (error === 0) continue;
      wrong++;
      largest = Math.max(largest, error);
    }
  } catch (error) {
    if ((error as { code?: string }).code !== "no-answer") throw error;
    lost++;
  }
}
const { requests, repeated, cleared } = bus.counts;
console.log(
  JSON.stringify({
    bench: "bus-fuzz",
    mutated,
    requests,
    read,
    lost,
    repeated,
    cleared,
    wrongPositions: wrong,
    largestErrorInCounts: largest,
  }),
);
