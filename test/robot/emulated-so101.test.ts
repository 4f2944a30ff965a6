// The driver of the real arm on the bus of the simulated one: it cannot tell.
import { expect, test } from "vitest";
import {
  connectSo101,
  FeetechBus,
  fromRadians,
  goalsBeyondLimits,
  limitsSchema,
  type Robot,
  SimulatedClock,
} from "../../src/robot/index.ts";
import {
  createTaskWorld,
  Demonstrator,
  emulatedCalibration,
  emulateWorld,
  Judge,
  taskNamed,
  type World,
} from "../../src/sim/index.ts";

const task = taskNamed("cube-in-bowl");
const fps = 25;

/** A demonstration from this seed. */
async function demonstrated(robot: Robot, world: World, begin: () => Promise<void>, seed: number): Promise<boolean> {
  const driver = new Demonstrator(task, world);
  const judge = new Judge(task, world);
  await begin();
  await driver.reset(seed);
  judge.reset();
  for (let step = 0; step < task.timeLimit * fps; step++) {
    const targets = await driver.next();
    if (!targets) return false;
    await robot.act(targets);
    if (judge.update()) return true;
  }
  return false;
}

const limits = limitsSchema.parse({ speed: 400, ahead: 90 });
/** The simulation's rest pose. */
const rest = fromRadians([0, -1.55, 1.4, 1, 0, 0]);

test("demonstrations succeed as often over the bus as in the simulation", async () => {
  const seeds = Array.from({ length: 6 }, (_, i) => i);
  const world = await createTaskWorld(task, { cameras: [], fps, difficulty: 0.5 });
  const plain: boolean[] = [];
  for (const seed of seeds) plain.push(await demonstrated(world, world, () => world.reset({ seed }), seed));
  await world.close();

  const clock = new SimulatedClock();
  const other = await createTaskWorld(task, { cameras: [], fps, difficulty: 0.5 });
  const { stream, arrange, chain } = emulateWorld(other, clock);
  const robot = await connectSo101({
    bus: new FeetechBus(stream, { clock }),
    calibration: emulatedCalibration,
    unit: "normalised",
    limits,
    rest,
    fps,
    clock,
    prepare: ({ seed }) => arrange(seed),
  });
  const emulated: boolean[] = [];
  for (const seed of seeds) emulated.push(await demonstrated(robot, other, () => robot.reset({ seed }), seed));
  // Joints are rounded to counts, so a narrow grasp may turn out otherwise.
  const successes = (outcomes: readonly boolean[]) => outcomes.filter(Boolean).length;
  expect(successes(plain)).toBeGreaterThan(seeds.length / 2);
  expect(Math.abs(successes(emulated) - successes(plain))).toBeLessThanOrEqual(1);
  expect(chain.goals.length).toBeGreaterThan(1000);
  expect(goalsBeyondLimits(chain.goals, limits, fps)).toEqual([]);
  await robot.close();
  expect(chain.servos.map(({ torque }) => torque)).toEqual(Array(6).fill(false));
  await other.close();
});
