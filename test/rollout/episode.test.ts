// Whole episodes in a real world: faulty policies, take-over, the columns of a recording, and a supervisor's rescue.
import { resolve } from "node:path";
import { serialize } from "node:v8";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type FrameValues, nobody } from "../../src/data/index.ts";
import { stillPolicy } from "../../src/policy/index.ts";
import type { Decision, Operator } from "../../src/robot/index.ts";
import { drivingOptions, EpisodeRunner, type Period, PolicyDriver, runEpisode } from "../../src/rollout/index.ts";
import { servePolicy } from "../../src/serve/index.ts";
import { createTaskWorld, Supervisor, simulation, stations, taskNamed, type World } from "../../src/sim/index.ts";
import { faults } from "../fixtures/faulty-policy.ts";
import { linearPolicy } from "../serve/linear-policy.ts";

// Several workers share few cores in a test run.
vi.setConfig({ testTimeout: 180_000 });

const faulty = resolve(import.meta.dirname, "../fixtures/faulty-policy.ts");
const driving = drivingOptions.parse({ executeSteps: 10, deadline: 0.1 });
const assignment = { task: "cube-in-bowl", difficulty: 0.3, randomise: false };

describe("a policy that goes wrong in the middle of an episode", () => {
  let runner: EpisodeRunner;
  beforeAll(() => {
    runner = new EpisodeRunner({ stations: simulation, driving: { ...driving, policy: faulty }, record: true });
  });
  afterAll(() => runner.close());

  test.each([
    ["none", undefined, undefined],
    ["throws", "error", "the model fell over"],
    ["not finite", "not finite", "Expected a finite target for shoulder_pan.pos, got NaN in action 1"],
    ["wrong shape", "wrong shape", "[11, 6] actions, that is 66 numbers, got 60"],
    ["never answers", "late", "has not answered for 0.1 s"],
  ] as const)("%s: the record says so, and the robot holds still", async (fault, kind, message) => {
    const seed = faults.indexOf(fault);
    const { result, content } = await runner.run({ ...assignment, seed });
    expect(result).toMatchObject({ seed, outcome: "failure", steps: 500, seconds: 20, takeOvers: 0 });
    const actors = content!.columns.get("complementary_info.collector_policy_id")!.data as readonly string[];
    if (kind === undefined) {
      expect(result.troubles).toEqual([]);
      expect(new Set(actors)).toEqual(new Set(["faulty"]));
      return;
    }
    expect(result.troubles[0]).toMatchObject({ step: 20, kind, message: expect.stringContaining(message) });
    expect(actors.slice(0, 20)).toEqual(Array(20).fill("faulty"));
    expect(new Set(actors.slice(20))).toEqual(new Set([nobody]));
    const actions = content!.columns.get("action")!.data as Float32Array;
    for (let step = 20; step < 500; step++)
      expect(actions.subarray(6 * step, 6 * step + 6)).toEqual(actions.subarray(6 * 19, 6 * 20));
  });

  test("one episode leaves nothing behind for the next", async () => {
    const bytes = async (seed: number) => serialize(await runner.run({ ...assignment, seed }));
    const first = await bytes(0);
    await bytes(faults.indexOf("throws"));
    expect((await bytes(0)).equals(first)).toBe(true);
  });
});

describe("take-over", () => {
  let world: World;
  const frames: FrameValues[] = [];
  beforeAll(async () => {
    world = await createTaskWorld(taskNamed("cube-in-bowl"));
  });
  afterAll(() => world.close());

  /** Presses keys at given periods, and moves to a pose while correcting. */
  function person(keys: Readonly<Record<number, Decision>>, pose: readonly number[]): Operator {
    return {
      id: "human",
      reset: () => {},
      decide: ({ step }) => keys[step] ?? "continue",
      targets: ({ step }) => (step === 9 ? undefined : step === 10 ? [Number.NaN, 0, 0, 0, 0, 0] : pose),
      release: () => {},
    };
  }

  const run = (keys: Readonly<Record<number, Decision>>, pose: readonly number[] = [5, -90, 80, 60, 0, 500]) => {
    frames.length = 0;
    const { joints, fps } = world;
    return runEpisode({
      seed: 1,
      timeLimit: 0.8,
      robot: world,
      driver: new PolicyDriver(stillPolicy(), { ...driving, joints, fps, realTime: false }),
      operator: person(keys, pose),
      sink: {
        async addFrame(values) {
          frames.push(values);
        },
      },
    });
  };
  const column = (name: string) => frames.map((values) => values[name]);

  test("who acts is recorded, and nobody acts while paused", async () => {
    const result = await run({ 3: "correct", 4: "pause", 6: "correct", 13: "hand back" });
    expect(result).toMatchObject({ outcome: "failure", steps: 20, takeOvers: 1, correctedSteps: 5 });
    const actors = [
      ...Array(4).fill("still"),
      ...Array(2).fill(nobody),
      ...Array(3).fill("human"),
      nobody, // the person had nothing to say,
      nobody, // or nonsense
      ...Array(2).fill("human"),
      ...Array(7).fill("still"),
    ];
    expect(column("complementary_info.collector_policy_id")).toEqual(actors);
    expect(column("complementary_info.is_intervention")).toEqual(actors.map((actor) => Number(actor === "human")));
    expect(column("next.done")).toEqual([...Array(19).fill(false), true]);
    expect(column("next.reward")).toEqual(Array(20).fill(-1));
    expect(result.troubles).toMatchObject([{ step: 10, kind: "not finite" }]);
    // What is recorded was sent: within the joint's range.
    expect(Array.from(frames[7]!.action as Float32Array)).toEqual([5, -90, 80, 60, 0, 100]);
  });

  test("a person may end the episode: as a success, or so that it does not count", async () => {
    expect(await run({ 6: "success" })).toMatchObject({ outcome: "success", steps: 6 });
    expect(column("next.reward")).toEqual([-1, -1, -1, -1, -1, 0]);
    expect(column("next.done").at(-1)).toBe(true);
    expect(await run({ 6: "failure" })).toMatchObject({ outcome: "failure", steps: 6 });
    expect(await run({ 6: "discard" })).toMatchObject({ outcome: "discarded", steps: 6 });
    expect(await run({ 0: "success" })).toMatchObject({ outcome: "discarded", steps: 0 });
  });

  test("in real time control periods take their time", async () => {
    const robot = await createTaskWorld(taskNamed("cube-in-bowl"), { realTime: true });
    const { joints, fps, realTime } = robot;
    const driver = new PolicyDriver(stillPolicy(), { ...driving, joints, fps, realTime });
    const begin = performance.now();
    const { steps, troubles } = await runEpisode({ seed: 1, timeLimit: 0.4, robot, driver });
    await robot.close();
    expect([steps, troubles]).toEqual([10, []]);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(395);
  });
});

describe("the supervisor", () => {
  test.each(["cube-in-bowl", "stack-cubes"])("rescues a policy that does nothing: %s", async (task) => {
    const run = async (supervisor: "none" | "scripted") => {
      const runner = new EpisodeRunner({
        stations: simulation,
        driving: { ...driving, policy: "still", supervisor },
        record: true,
      });
      const found = [];
      for (let seed = 2; seed < 6; seed++)
        found.push(await runner.run({ task, difficulty: 0.3, randomise: false, seed }));
      await runner.close();
      return found;
    };
    const alone = await run("none");
    expect(alone.every(({ result }) => result.outcome === "failure" && result.takeOvers === 0)).toBe(true);
    const watched = await run("scripted");
    expect(watched.filter(({ result }) => result.outcome === "success").length).toBeGreaterThanOrEqual(3);
    for (const { result, content } of watched) {
      expect(result.takeOvers).toBeGreaterThanOrEqual(1);
      const mask = Array.from(content!.columns.get("complementary_info.is_intervention")!.data as Float32Array);
      expect(mask.reduce((sum, value) => sum + value, 0)).toBe(result.correctedSteps);
      expect(mask.indexOf(1)).toBeGreaterThan(2.5 * 25); // not before it could be seen that nothing moves
    }
    // Some corrections end with the policy in control again.
    const handedBack = watched.filter(({ content }) => {
      const actors = content!.columns.get("complementary_info.collector_policy_id")!.data as readonly string[];
      return actors.lastIndexOf("still") > actors.indexOf("supervisor");
    });
    expect(handedBack.length).toBeGreaterThanOrEqual(1);
    expect(handedBack.length).toBeLessThan(4);
  });

  test("sees jaws that close on nothing, however the arm moves meanwhile", async () => {
    const task = taskNamed("cube-in-bowl");
    const world = await createTaskWorld(task, { difficulty: 0.3 });
    /** When it takes over from an arm that swings above the table, its jaws opening after a second and closed from `closing` on. */
    const pausedAt = async (closing: number) => {
      await world.reset({ seed: 2 });
      const supervisor = new Supervisor(task, world);
      supervisor.reset(2);
      const { state } = await world.observe();
      let seconds = 0;
      for (; seconds < 6; seconds += 1 / world.fps) {
        const step = Math.round(seconds * world.fps);
        if (supervisor.decide({ step, seconds, control: "autonomous", held: false }) === "pause") break;
        const pan = state[0]! + 20 * Math.sin(2 * seconds);
        await world.act([pan, ...state.subarray(1, 5), seconds > 1 && seconds < closing ? 50 : 0]);
      }
      supervisor.close();
      return seconds;
    };
    expect(await pausedAt(6)).toBeGreaterThanOrEqual(6);
    const noticed = await pausedAt(2);
    expect(noticed).toBeGreaterThan(2.6);
    expect(noticed).toBeLessThan(3.6);
    await world.close();
  });

  test("gives up what is lost, in either control, and not what stands", async () => {
    const task = taskNamed("peg-in-hole");
    const world = await createTaskWorld(task, { cameras: [], difficulty: 0.1 });
    /** What it decides first in the second after the peg was laid down, or was left standing. */
    const decided = async (control: "autonomous" | "correcting", topples: boolean) => {
      await world.reset({ seed: 1 });
      const supervisor = new Supervisor(task, world);
      supervisor.reset(1);
      const { position } = world.physics.pose("peg");
      const lying = {
        position: [position[0], position[1], 0.01],
        quaternion: [Math.SQRT1_2, Math.SQRT1_2, 0, 0],
      } as const;
      if (topples) world.physics.place("peg", lying);
      const { state } = await world.observe();
      let decision: Decision = "continue";
      for (let step = 0; step < world.fps && decision === "continue"; step++) {
        decision = supervisor.decide({ step, seconds: step / world.fps, control, held: false });
        await world.act(state);
      }
      supervisor.close();
      return decision;
    };
    for (const control of ["autonomous", "correcting"] as const) {
      expect(await decided(control, true)).toBe("failure");
      expect(await decided(control, false)).toBe("continue");
    }
    await world.close();
  });

  test("takes over where the peg was set down on a block's wall, before it falls off", async () => {
    const task = taskNamed("peg-in-hole");
    const world = await createTaskWorld(task, { cameras: [], difficulty: 0 });
    /** When it takes over, if it does so within a second. */
    const pausedAt = async (onWall: boolean) => {
      await world.reset({ seed: 1 });
      const supervisor = new Supervisor(task, world);
      supervisor.reset(1);
      const [x, y] = world.physics.pose("red block").position;
      if (onWall) world.physics.place("peg", { position: [x + 0.018, y, 0.049], quaternion: [1, 0, 0, 0] });
      const { state } = await world.observe();
      let step = 0;
      for (; step < world.fps; step++) {
        const seconds = step / world.fps;
        if (supervisor.decide({ step, seconds, control: "autonomous", held: false }) === "pause") break;
        await world.act(state);
      }
      supervisor.close();
      return step / world.fps;
    };
    expect(await pausedAt(false)).toBe(1);
    const seconds = await pausedAt(true);
    expect(seconds).toBeGreaterThanOrEqual(0.3);
    expect(seconds).toBeLessThan(1);
    await world.close();
  });

  test("leaves a clean demonstration alone", async () => {
    const runner = new EpisodeRunner({
      stations: simulation,
      driving: { ...driving, policy: "demonstrator", supervisor: "scripted" },
      record: false,
    });
    let untouched = 0;
    for (let seed = 0; seed < 6; seed++) {
      const { result } = await runner.run({ ...assignment, seed });
      if (result.takeOvers === 0 && result.outcome === "success") untouched++;
    }
    await runner.close();
    expect(untouched).toBeGreaterThanOrEqual(3);
  });
});

test("a policy behind a URL drives an episode", async () => {
  const served = linearPolicy({ gain: 1, horizon: 12 });
  const server = await servePolicy(served, { port: 0 });
  const runner = new EpisodeRunner({
    stations: simulation,
    driving: { ...driving, policy: server.url, deadline: 10 },
    record: true,
  });
  try {
    const { result, content } = await runner.run({ ...assignment, randomise: true, seed: 2 });
    expect(result.troubles).toEqual([]);
    expect(content!.columns.get("complementary_info.collector_policy_id")!.data[0]).toBe(server.url);
    const actions = content!.columns.get("action")!.data as Float32Array;
    const states = content!.columns.get("observation.state")!.data as Float32Array;
    // Its second action is one unit beyond its first, joint by joint, unless that is beyond the joint's range.
    expect(actions[6 + 1]! - actions[1]!).toBeCloseTo(1, 4);
    expect(actions[1]).toBeGreaterThan(states[1]!);
  } finally {
    await runner.close();
    await server.close();
  }
});

test("a listener is told who acted, what was sent and the value of each period", async () => {
  const { robot, operator, close } = await stations.open(assignment, false);
  const { joints, fps, realTime } = robot;
  const keys: Readonly<Record<number, Decision>> = { 2: "pause", 3: "correct", 5: "hand back" };
  const person: Operator = {
    ...operator,
    id: "human",
    decide: ({ step }) => keys[step] ?? "continue",
    targets: () => [10, -90, 80, 60, 0, 50],
  };
  const periods: Period[] = [];
  const { steps } = await runEpisode({
    seed: 3,
    instruction: "put the blue cube in the bowl",
    timeLimit: 0.28,
    robot,
    driver: new PolicyDriver(stillPolicy(), { ...driving, joints, fps, realTime }),
    operator: person,
    onPeriod: (period) => periods.push(period),
    value: async ({ state }) => -state[0]! / 100,
  });
  await close();
  expect(steps).toBe(7);
  expect(periods.map(({ step, control, actor }) => [step, control, actor])).toEqual([
    [0, "autonomous", "still"],
    [1, "autonomous", "still"],
    [2, "paused", nobody],
    [3, "correcting", "human"],
    [4, "correcting", "human"],
    [5, "autonomous", "still"],
    [6, "autonomous", "still"],
  ]);
  expect(Array.from(periods[3]!.action)).toEqual([10, -90, 80, 60, 0, 50]);
  for (const { observation, value, seconds, step } of periods) {
    expect(observation.task).toBe("put the blue cube in the bowl");
    expect(value).toBe(-observation.state[0]! / 100);
    expect(seconds).toBe(step / fps);
  }
});

test("a robot refuses an instruction that its task does not know, and says which it knows", async () => {
  const { robot, close } = await stations.open(assignment, false);
  await expect(robot.reset({ seed: 1, instruction: "fold the shirt" })).rejects.toThrow(
    /Expected an instruction of cube-in-bowl \(.*\), got "fold the shirt"/,
  );
  await close();
});

test("a module without stations is refused", async () => {
  const module = new URL("../fixtures/faulty-policy.ts", import.meta.url).href;
  const runner = new EpisodeRunner({ stations: module, driving, record: false });
  await expect(runner.run({ ...assignment, seed: 0 })).rejects.toThrow('expected an export "stations"');
});
