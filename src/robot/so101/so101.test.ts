import { expect, test } from "vitest";
import { PistarError } from "../../system/index.ts";
import { FeetechBus } from "./bus.ts";
import type { Calibration } from "./calibration.ts";
import { storedRegisters } from "./calibration.ts";
import { SimulatedClock, wait } from "./clock.ts";
import { EmulatedChain } from "./emulator/chain.ts";
import { goalsBeyondLimits } from "./emulator/goal-steps.ts";
import { every, faultless, lineFaults } from "./emulator/line-faults.ts";
import { LooseJoints } from "./emulator/loose-joints.ts";
import { EmulatedServo } from "./emulator/servo.ts";
import { EmulatedStream } from "./emulator/stream.ts";
import { limitsSchema } from "./safety.ts";
import { connectSo101, type So101Options } from "./so101.ts";

const calibration: Calibration = [1, 2, 3, 4, 5, 6].map((id) => ({
  id,
  drive_mode: 0,
  homing_offset: 10 * id,
  range_min: 1000,
  range_max: 3000,
}));
const rest = [0, -50, 50, 0, 0, 10];
const restCounts = [2000, 1431, 2568, 2000, 2000, 1200];
const fps = 50;
const limits = limitsSchema.parse({});
const perDegree = 4096 / 360;

/** An arm on an emulated bus, away from its rest pose. */
function emulated(more: Partial<So101Options> = {}) {
  const clock = new SimulatedClock();
  const joints = new LooseJoints([1500, 1500, 2500, 2100, 2000, 1400]);
  const servos = calibration.map((motor) => {
    const servo = new EmulatedServo(motor.id);
    for (const [field, { name }] of storedRegisters) servo.set(name, motor[field]);
    servo.set("Goal_Position", 3000); // left over from before
    return servo;
  });
  const chain = new EmulatedChain(servos, joints);
  const stream = new EmulatedStream(chain, clock);
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const connect = () =>
    connectSo101({
      bus: new FeetechBus(stream, { clock }),
      calibration,
      unit: "degrees",
      limits,
      rest,
      fps,
      clock,
      say,
      ...more,
    });
  const torques = () => servos.map(({ torque }) => torque);
  const goals = () => servos.map((servo) => servo.get("Goal_Position"));
  const positions = () => {
    chain.advance(clock.now());
    return servos.map((servo) => servo.get("Present_Position"));
  };
  return { clock, joints, servos, chain, stream, said, connect, torques, goals, positions };
}

const all = (value: boolean) => Array(6).fill(value);

function checkGoals({ chain }: ReturnType<typeof emulated>): void {
  expect(chain.goals.length).toBeGreaterThan(0);
  expect(goalsBeyondLimits(chain.goals, limits, fps)).toEqual([]);
}

test("on: the goal is where the arm is, and the torque limit rises over half a second", async () => {
  const arm = emulated();
  const before = arm.positions();
  const robot = await arm.connect();
  expect(arm.torques()).toEqual(all(true));
  expect(arm.goals()).toEqual(before);
  expect(arm.positions()).toEqual(before);
  expect(arm.clock.now()).toBeGreaterThanOrEqual(500);
  expect(arm.servos.map((servo) => servo.get("Torque_Limit"))).toEqual([1000, 1000, 1000, 1000, 1000, 500]);
  const { state, task } = await robot.observe();
  expect(task).toBe("");
  for (const [i, degrees] of [-44.835, -45.714, 41.319, 5.275].entries()) expect(state[i]).toBeCloseTo(degrees, 2);
  expect(state[5]).toBe(17);
});

test("EEPROM is written once: a second connection finds it as it should be", async () => {
  const arm = emulated();
  await (await arm.connect()).close();
  const wear = arm.servos.map((servo) => Object.fromEntries(servo.wear));
  expect(wear[0]).toEqual({ Return_Delay_Time: 1, P_Coefficient: 1, Phase: 1 });
  expect(wear[5]).toMatchObject({ Max_Torque_Limit: 1, Protection_Current: 1, Overload_Torque: 1 });
  const second = await connectSo101({
    bus: new FeetechBus(new EmulatedStream(arm.chain, arm.clock), { clock: arm.clock }),
    ...{ calibration, unit: "degrees", limits, rest, fps, clock: arm.clock },
  });
  expect(arm.servos.map((servo) => Object.fromEntries(servo.wear))).toEqual(wear);
  await second.close();
});

test("an arm that holds itself up is not let down for its settings", async () => {
  const arm = emulated();
  for (const servo of arm.servos) servo.set("Torque_Enable", 1);
  await expect(arm.connect()).rejects.toThrow("motor 1 (shoulder_pan) holds itself up");
  expect(arm.torques()).toEqual(all(true));
});

test("every missing or wrong motor is named in one error", async () => {
  const arm = emulated();
  arm.servos[1]!.connected = false;
  arm.servos[2]!.set("Model_Number", 2825);
  arm.servos[3]!.set("Firmware_Minor_Version", 9);
  await expect(arm.connect()).rejects.toThrow(
    "emulated: motor 2 (shoulder_lift) does not answer; motor 3 (elbow_flex) has the model number 2825, expected 777 (STS3215); the motors have different firmware: 3.10 (1, 3, 5, 6), 3.9 (4)",
  );
  expect(arm.torques()).toEqual(all(false));
  for (const servo of arm.servos) servo.connected = false;
  await expect(arm.connect()).rejects.toThrow("no motor answers; is the power supply plugged in");
});

test("another calibration in the motors is refused, or written after a question", async () => {
  const arm = emulated();
  arm.servos[4]!.set("Homing_Offset", -7);
  await expect(arm.connect()).rejects.toThrow("wrist_roll.homing_offset: -7 in the motor, 50 in the file");
  const asked: unknown[] = [];
  const other = emulated({
    adopt: async (differences) => {
      asked.push(...differences);
      return true;
    },
  });
  other.servos[4]!.set("Homing_Offset", -7);
  await other.connect();
  expect(asked).toEqual([{ joint: "wrist_roll", field: "homing_offset", motor: -7, file: 50 }]);
  expect(other.servos[4]!.get("Homing_Offset")).toBe(50);
});

test("goals are finite, within the range, and reached at the speed limit", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  await expect(robot.act([0, 0, Number.NaN, 0, 0, 0])).rejects.toThrow("finite target for elbow_flex.pos, got NaN");
  const start = arm.clock.now();
  for (let i = 0; i < 150; i++) await robot.act([-1000, 0, 0, 0, 0, 0]);
  expect(arm.clock.now() - start).toBeCloseTo(3000, 6);
  expect(arm.goals()[0]).toBe(1000);
  const [first] = arm.chain.goals.filter(({ id, at }) => id === 1 && at > start);
  expect(1490 - first!.goal).toBeLessThanOrEqual(Math.ceil((90 * perDegree) / fps));
  checkGoals(arm);
});

test("a blocked arm does not wind up; after half a second its goal goes back", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  arm.joints.blocked.add(0);
  const furthest: number[] = [];
  for (let i = 0; i < 100; i++) {
    await robot.act([80, 0, 0, 0, 0, 0]);
    furthest.push(Math.abs(arm.goals()[0]! - arm.positions()[0]!));
  }
  expect(Math.max(...furthest)).toBeLessThanOrEqual(25 * perDegree);
  expect(Math.min(...furthest.slice(10))).toBe(0);
  expect(arm.said).toContain("shoulder_pan is blocked: its goal goes back to where it is");
});

test("the gripper may push", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  arm.joints.blocked.add(5);
  for (let i = 0; i < 100; i++) await robot.act([0, 0, 0, 0, 0, 0]);
  expect(arm.said).toEqual([]);
  expect(arm.goals()[5]).toBeLessThan(arm.positions()[5]! - 100);
});

test("heat: a warning, then a stop that holds", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  arm.servos[2]!.set("Present_Temperature", 61);
  for (let i = 0; i < 3; i++) await robot.act([0, 0, 0, 0, 0, 0]);
  expect(arm.said).toEqual(["elbow_flex has 61 °C"]);
  arm.servos[2]!.set("Present_Temperature", 65);
  await expect(robot.act([0, 0, 0, 0, 0, 0])).rejects.toThrow("elbow_flex has 65 °C (limit 65); let it cool down");
  expect(arm.goals()).toEqual(arm.positions());
  await expect(robot.act([0, 0, 0, 0, 0, 0])).rejects.toThrow("let it cool down");
  await robot.close();
  expect(arm.torques()).toEqual(all(true));
  expect(arm.said.at(-1)).toContain("The arm holds its pose with torque on");
});

test("error bits and currents: overload stops, a wrong voltage warns, a high current yields", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  arm.servos[0]!.error = 1;
  await robot.act([0, 0, 0, 0, 0, 0]);
  expect(arm.said).toEqual(["shoulder_pan reports a wrong voltage (7.4 V); is it the right power supply?"]);
  arm.servos[1]!.error = 32;
  await expect(robot.act([0, 0, 0, 0, 0, 0])).rejects.toThrow("shoulder_lift reports overload");
});

test("the normal end: slowly to rest, then torque off", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  const start = arm.clock.now();
  await robot.close();
  expect(arm.torques()).toEqual(all(false));
  for (const [i, position] of arm.positions().entries())
    expect(Math.abs(position - restCounts[i]!)).toBeLessThan(2 * perDegree);
  // 500 counts at 30 degrees a second.
  expect(arm.clock.now() - start).toBeGreaterThan(1300);
  expect(arm.said).toEqual([]);
  checkGoals(arm);
});

test("an end on hold keeps torque and pose, and says so", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  for (let i = 0; i < 5; i++) await robot.act([0, 0, 0, 0, 0, 0]);
  await robot.close("hold");
  expect(arm.torques()).toEqual(all(true));
  expect(arm.goals()).toEqual(arm.positions());
  expect(arm.said.at(-1)).toContain("The arm holds its pose with torque on");
});

test("a blocked way to rest ends on hold", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  arm.joints.blocked.add(0);
  await robot.close();
  expect(arm.torques()).toEqual(all(true));
  expect(arm.said.at(-1)).toContain("something blocks the arm's way to its rest pose. The arm holds");
});

test("a loop that stands still for 200 ms: the arm holds", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  for (let i = 0; i < 5; i++) await robot.act([80, 0, 0, 0, 0, 0]);
  await wait(arm.clock, 150);
  expect(arm.said).toEqual([]);
  await wait(arm.clock, 100);
  expect(arm.said).toEqual(["no new goal for 0.2 s: the arm holds still"]);
  expect(arm.goals()).toEqual(arm.positions());
  // And it goes on from there.
  await robot.act([80, 0, 0, 0, 0, 0]);
  checkGoals(arm);
});

test("a pulled plug: what is asked fails, the arm holds its last goal, and the message names the way to stop it", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  await robot.act([0, 0, 0, 0, 0, 0]);
  const last = arm.goals();
  arm.stream.unplug();
  await expect(robot.act([10, 0, 0, 0, 0, 0])).rejects.toMatchObject({ code: "unavailable" });
  await robot.hold();
  await robot.close();
  expect(arm.said.at(-1)).toContain("the arm holds its last goal. Pull the plug of its power supply to stop it");
  expect([arm.goals(), arm.torques()]).toEqual([last, all(true)]);
});

test("lost answers now and then do no harm; a dead motor ends the episode", async () => {
  const arm = emulated();
  const robot = await arm.connect();
  for (const fault of Object.values(lineFaults)) {
    arm.stream.fault = every(7, fault);
    for (let i = 0; i < 20; i++) await robot.act([0, 0, 0, 0, 0, 0]);
  }
  checkGoals(arm);
  arm.stream.fault = faultless;
  arm.servos[3]!.connected = false;
  await expect(robot.act([0, 0, 0, 0, 0, 0])).rejects.toThrow("no valid answer from motor 4 in 3 tries");
});

test("a lost camera ends the episode, and the arm still goes to rest", async () => {
  let lost = false;
  const camera = {
    ...{ name: "front", width: 2, height: 1 },
    async latest() {
      if (lost) throw new PistarError("unavailable", "camera front: its newest picture is 0.7 s old");
      return { width: 2, height: 1, data: new Uint8Array(6) };
    },
    async close() {},
  };
  const arm = emulated({ cameras: [camera] });
  const robot = await arm.connect();
  expect(robot.cameras).toEqual([{ name: "front", width: 2, height: 1 }]);
  expect((await robot.observe()).images.front!.data).toHaveLength(6);
  lost = true;
  await expect(robot.observe()).rejects.toThrow("its newest picture is 0.7 s old");
  await robot.hold();
  expect(arm.goals()).toEqual(arm.positions());
  await robot.close();
  expect(arm.torques()).toEqual(all(false));
});

test("an episode begins at rest, and late ticks are counted and made up", async () => {
  const prepared: unknown[] = [];
  const arm = emulated({ prepare: async (start) => void prepared.push(start) });
  const robot = await arm.connect();
  await robot.reset({ seed: 4, instruction: "put the cube into the bowl" });
  expect(prepared).toEqual([{ seed: 4, instruction: "put the cube into the bowl" }]);
  const start = arm.clock.now();
  for (let i = 0; i < 10; i++) {
    if (i === 4) await wait(arm.clock, 50);
    await robot.act(rest);
  }
  expect(arm.clock.now() - start).toBeCloseTo(200, 6);
  expect(await robot.health()).toMatchObject({
    lateTicks: 2,
    joints: [{ name: "shoulder_pan.pos", temperature: 31 }, {}, {}, {}, {}, {}],
  });
  expect((await robot.observe()).task).toBe("put the cube into the bowl");
});
