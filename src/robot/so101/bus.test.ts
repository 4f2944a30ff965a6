import { expect, test } from "vitest";
import { random } from "../../system/index.ts";
import { FeetechBus } from "./bus.ts";
import { SimulatedClock, wait } from "./clock.ts";
import { EmulatedChain } from "./emulator/chain.ts";
import { every, type LineFault, lineFaults, mutating } from "./emulator/line-faults.ts";
import { LooseJoints } from "./emulator/loose-joints.ts";
import { EmulatedServo } from "./emulator/servo.ts";
import { EmulatedStream } from "./emulator/stream.ts";
import { type Present, PresentReader } from "./present.ts";
import { fromBytes, registers } from "./registers.ts";

const ids = [1, 2, 3, 4, 5, 6];
const { address, bytes } = registers.Present_Position;

function emulated() {
  const clock = new SimulatedClock();
  const joints = new LooseJoints([100, 200, 300, 400, 500, 600]);
  const chain = new EmulatedChain(
    ids.map((id) => new EmulatedServo(id)),
    joints,
  );
  const stream = new EmulatedStream(chain, clock);
  return { clock, joints, chain, stream, bus: new FeetechBus(stream, { clock }) };
}

const positions = async (bus: FeetechBus) =>
  (await bus.syncRead(ids, address, bytes)).map(({ data }) => fromBytes(registers.Present_Position, data));

test("ping, read, write, sync read and sync write", async () => {
  const { bus, clock, chain } = emulated();
  expect(await bus.ping(1)).toBe(0);
  expect(await bus.ping(9)).toBeUndefined();
  expect(await bus.read(3, registers.Model_Number)).toBe(777);
  expect(await positions(bus)).toEqual([100, 200, 300, 400, 500, 600]);
  await bus.write(2, registers.Torque_Enable, 1);
  await bus.syncWrite(ids, registers.Goal_Position, [10, 20, 30, 40, 50, 60]);
  expect(chain.goals.map(({ id, goal }) => [id, goal])).toEqual(ids.map((id) => [id, 10 * id]));
  await wait(clock, 1000);
  // Only motor 2 has torque.
  expect(await positions(bus)).toEqual([100, 20, 300, 400, 500, 600]);
});

test("a motor that does not answer is named", async () => {
  const { bus, chain } = emulated();
  chain.servos[2]!.connected = false;
  chain.servos[3]!.connected = false;
  await expect(positions(bus)).rejects.toThrow(
    "emulated: reading 2 bytes from address 56: no valid answer from motors 3, 4 in 3 tries",
  );
  await expect(bus.read(3, registers.Model_Number)).rejects.toMatchObject({ code: "no-answer" });
  // The others go on.
  expect(await bus.read(6, registers.Present_Position)).toBe(600);
});

test.each(Object.entries(lineFaults))("an answer that is %s is asked for again", async (_, fault) => {
  const { bus, stream } = emulated();
  stream.fault = every(3, fault as LineFault);
  for (let i = 0; i < 50; i++) {
    expect(await positions(bus)).toEqual([100, 200, 300, 400, 500, 600]);
    expect(await bus.read(5, registers.Present_Position)).toBe(500);
    // Of the same length as a position.
    expect(await bus.read(5, registers.Goal_Position)).toBe(0);
  }
  expect(bus.counts.requests).toBe(150);
  expect(bus.counts.repeated + bus.counts.cleared).toBeGreaterThan(10);
});

test("a late answer is not taken for the next one's", async () => {
  const { bus, stream, joints, clock } = emulated();
  let first = true;
  stream.fault = (answers) => {
    const late = first;
    first = false;
    return [{ bytes: Uint8Array.from(answers.flatMap((answer) => [...answer])), delay: late ? 11 : 2 }];
  };
  const asked = bus.read(1, registers.Present_Position);
  await wait(clock, 5);
  joints.encoders[0] = 3000;
  expect(await asked).toBe(3000);
});

test("transactions do not mix", async () => {
  const { bus } = emulated();
  const values = await Promise.all(
    ids.flatMap((id) => [bus.read(id, registers.ID), bus.read(id, registers.Present_Position)]),
  );
  expect(values).toEqual(ids.flatMap((id) => [id, 100 * id]));
});

test("error bits come with the data", async () => {
  const { bus, chain } = emulated();
  chain.servos[3]!.error = 32;
  expect((await bus.syncRead(ids, address, bytes)).map(({ error }) => error)).toEqual([0, 0, 0, 32, 0, 0]);
});

test("an unplugged port fails what waits and what comes", async () => {
  const { bus, stream, clock } = emulated();
  stream.fault = () => [];
  const waiting = bus.read(1, registers.ID);
  await wait(clock, 3);
  stream.unplug();
  await expect(waiting).rejects.toThrow("emulated: the port was unplugged. Nothing can be sent any more");
  await expect(bus.syncWrite(ids, registers.Goal_Position, ids)).rejects.toMatchObject({ code: "unavailable" });
});

test("mutated answers: no crash, and no wrong position", async () => {
  const { bus, stream, clock, joints } = emulated();
  const reader = new PresentReader(bus, ids, clock);
  const generator = random(7);
  let [mutated, read] = [0, 0];
  stream.fault = mutating(generator.split("lineFaults"), 0.3, () => mutated++);
  while (mutated < 500) {
    for (const i of ids.keys()) joints.encoders[i] = Math.floor(generator.uniform() * 4096);
    const found = await reader.read().catch((error: { code: string }) => error.code);
    if (found === "no-answer") continue;
    expect((found as readonly Present[]).map(({ position }) => position)).toEqual(joints.encoders);
    read++;
  }
  expect(read).toBeGreaterThan(50);
});

test("a position that the shaft cannot have reached is read again", async () => {
  const { bus, stream, clock, joints } = emulated();
  const reader = new PresentReader(bus, ids, clock);
  await reader.read();
  // Damage that the checksum passes: one byte more, another less.
  let damaged = 0;
  stream.fault = (answers) => {
    const line = Uint8Array.from(answers.flatMap((answer) => [...answer]));
    if (damaged++ === 0) {
      line[6]! += 4;
      line[5]! -= 4;
    }
    return [{ bytes: line, delay: 0 }];
  };
  const [first] = await reader.read();
  expect([first!.position, damaged]).toEqual([joints.encoders[0], 3]);
});
