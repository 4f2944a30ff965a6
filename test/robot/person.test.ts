// A person at an emulated follower and leader: keys, take-over, hand-over.
import { expect, test } from "vitest";
import { nobody } from "../../src/data/index.ts";
import {
  calibratedJoints,
  connectLeader,
  connectSo101,
  type Driver,
  EmulatedChain,
  EmulatedServo,
  EmulatedStream,
  FeetechBus,
  goalsBeyondLimits,
  type Leader,
  LooseJoints,
  limitsSchema,
  motorIds,
  type Operator,
  SimulatedClock,
  type Tick,
} from "../../src/robot/index.ts";
import { type Period, Person, runEpisode } from "../../src/rollout/index.ts";

const fps = 50;
const limits = limitsSchema.parse({});
const calibration = motorIds.map((id) => ({
  id,
  drive_mode: 0 as const,
  homing_offset: 0,
  range_min: 0,
  range_max: 4095,
}));
const rest = [0, 0, 0, 0, 0, 50];

async function arms(supervised = false) {
  const clock = new SimulatedClock();
  const arm = () => {
    const joints = new LooseJoints(motorIds.map(() => 2047));
    const chain = new EmulatedChain(
      motorIds.map((id) => new EmulatedServo(id)),
      joints,
    );
    return { joints, chain, bus: new FeetechBus(new EmulatedStream(chain, clock), { clock }) };
  };
  const [follower, lead] = [arm(), arm()];
  const robot = await connectSo101({ bus: follower.bus, calibration, unit: "degrees", limits, rest, fps, clock });
  const leader: Leader = await connectLeader({ bus: lead.bus, calibration, unit: "degrees", clock });
  const said: string[] = [];
  /** Keys by the period in which they are pressed. */
  const pressed = new Map<number, string>();
  let step = 0;
  const keys = {
    next() {
      const key = pressed.get(step);
      pressed.delete(step);
      return key;
    },
    close() {},
  };
  const person = new Person({
    ...{ keys, leader, joints: calibratedJoints(calibration, "degrees"), say: (text: string) => void said.push(text) },
    ...{ commanded: () => robot.commanded, mirrors: supervised },
  });
  /** What a hand does in each period. */
  let hand: (step: number) => void = () => {};
  const operator: Operator = {
    id: person.id,
    reset() {
      step = -1; // before the first period
      person.reset();
    },
    decide(tick: Tick) {
      step = tick.step;
      hand(step);
      return person.decide(tick);
    },
    targets: (tick) => person.targets(tick),
    again: () => person.again(),
    release: () => person.release(),
  };
  const driver: Driver = {
    ...{ id: "policy", finished: false, reset: async () => {}, interrupt: () => {} },
    next: async () => [20, 0, 0, 0, 0, 50],
  };
  const run = async (press: Readonly<Record<number, string>>, moves: typeof hand = () => {}) => {
    for (const [at, key] of Object.entries(press)) pressed.set(Number(at), key);
    hand = moves;
    const periods: Period[] = [];
    const onPeriod = (period: Period) => void periods.push(period);
    const result = await runEpisode({ seed: 0, timeLimit: 4, robot, driver, operator, onPeriod });
    expect(goalsBeyondLimits(follower.chain.goals, limits, fps)).toEqual([]);
    return { result, periods };
  };
  return { run, said, person, lead, follower };
}

/** Counts of a leader's joint. */
const counts = (degrees: number) => Math.round(2047.5 + (degrees * 4095) / 360);

test("s, f, d and r end an episode; r asks for it once more", async () => {
  const { run, person } = await arms();
  for (const [key, outcome, again] of [
    ["s", "success", false],
    ["f", "failure", false],
    ["d", "discarded", false],
    ["r", "discarded", true],
  ] as const) {
    const { result } = await run({ 5: key });
    expect([result.outcome, result.steps, person.again()]).toEqual([outcome, 5, again]);
  }
});

test("a pause holds; the leader gets the arm within 5 degrees, blended over 0.3 s; space hands back", async () => {
  const { run, said, lead } = await arms();
  lead.joints.encoders[0] = counts(40);
  const { result, periods } = await run({ 40: "space", 50: "tab", 120: "space", 150: "s" }, (step) => {
    // The hand brings the leader near the follower, which was sent to 20 degrees.
    if (step > 70) lead.joints.encoders[0] = counts(23);
  });
  expect(result).toMatchObject({ outcome: "success", takeOvers: 1 });
  const actors = periods.map(({ actor }) => actor);
  expect(actors.slice(0, 40)).toEqual(Array(40).fill("policy"));
  const begun = actors.indexOf("human");
  expect(new Set(actors.slice(40, begun))).toEqual(new Set([nobody]));
  expect(begun).toBeGreaterThan(70);
  expect(begun).toBeLessThan(80);
  expect(said[0]).toBe("move the leader to the follower: shoulder_pan is 20 off, at most 5 at a hand-over");
  expect(said).toContain("you have the arm");
  // From 20 to 23 degrees in 0.3 s, 15 periods of 0.2 degrees.
  const blended = periods.slice(begun, begun + 20).map(({ action }) => action[0]!);
  expect(blended[0]).toBeCloseTo(20, 0);
  expect(blended[8]! - blended[7]!).toBeCloseTo(0.2, 1);
  expect(blended[16]).toBeCloseTo(23, 0);
  expect(actors.slice(120)).toEqual(Array(30).fill("policy"));
});

test("a mirroring leader is where the follower is, and moving it takes over", async () => {
  const { run, said, lead } = await arms(true);
  let mirrored = 0;
  const { result, periods } = await run({ 150: "f" }, (step) => {
    if (step === 60) mirrored = lead.joints.encoders[0]!;
    // A hand overcomes the low torque, and then leads on from there.
    if (step > 60) lead.joints.blocked.add(0);
    if (step > 60 && step < 70) lead.joints.encoders[0] = counts(32);
    if (step >= 70) lead.joints.encoders[0] = counts(24);
  });
  expect(Math.abs(mirrored - counts(20))).toBeLessThan(12);
  expect(lead.chain.servos.map((servo) => servo.get("Torque_Limit"))).toEqual(Array(6).fill(300));
  expect(said).toContain("you have the arm");
  expect(result).toMatchObject({ outcome: "failure", takeOvers: 1 });
  expect(periods.at(-1)!.actor).toBe("human");
  expect(periods.at(-1)!.action[0]).toBeCloseTo(24, 0);
  expect(lead.chain.servos.map(({ torque }) => torque)).toEqual(Array(6).fill(false));
});

test("without a leader a correction is refused with the reason", async () => {
  const said: string[] = [];
  const key = ["tab"];
  const person = new Person({
    ...{ keys: { next: () => key.shift(), close() {} }, joints: calibratedJoints(calibration, "degrees") },
    ...{ commanded: () => rest, say: (text: string) => void said.push(text) },
  });
  expect(person.decide({ step: 1, seconds: 0.02, control: "paused", held: false })).toBe("continue");
  expect(said).toEqual(["a correction needs a leader arm"]);
});
