// Plugs pulled at many moments of an episode: no episode is lost but the one in progress, and the arm holds.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createWriter, openDataset } from "../../src/data/index.ts";
import {
  connectSo101,
  type Driver,
  EmulatedChain,
  EmulatedServo,
  EmulatedStream,
  every,
  FeetechBus,
  goalsBeyondLimits,
  LooseJoints,
  limitsSchema,
  lineFaults,
  motorIds,
  SimulatedClock,
} from "../../src/robot/index.ts";
import { rolloutFeatures, runEpisode } from "../../src/rollout/index.ts";
import { random } from "../../src/system/index.ts";

const fps = 50;
const limits = limitsSchema.parse({});
const calibration = motorIds.map((id) => ({
  id,
  drive_mode: 0 as const,
  homing_offset: 0,
  range_min: 500,
  range_max: 3500,
}));
const rest = [0, 0, 0, 0, 0, 50];
const folder = mkdtempSync(join(tmpdir(), "pistar-sweep-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Goals that jump about, as a bad policy's do. */
function wild(seed: number): Driver {
  const generator = random(seed);
  return {
    ...{ id: "wild", finished: false, reset: async () => {}, interrupt: () => {} },
    next: async () => motorIds.map(() => 400 * generator.uniform() - 200),
  };
}

/** Two episodes; after `writes` requests of the second the plug is pulled. */
async function episodesUntilUnplugged(seed: number, writes: number) {
  const clock = new SimulatedClock();
  const chain = new EmulatedChain(
    motorIds.map((id) => new EmulatedServo(id)),
    new LooseJoints(motorIds.map(() => 2000)),
  );
  for (const servo of chain.servos) {
    servo.set("Min_Position_Limit", 500);
    servo.set("Max_Position_Limit", 3500);
  }
  const stream = new EmulatedStream(chain, clock);
  stream.fault = every(9, Object.values(lineFaults)[seed % 6]!);
  const robot = await connectSo101({
    ...{ bus: new FeetechBus(stream, { clock }), calibration, unit: "degrees", limits, rest, fps, clock },
  });
  const finished: string[] = [];
  let left = Number.POSITIVE_INFINITY;
  const send = stream.write.bind(stream);
  stream.write = (bytes) => {
    if (left-- <= 0) stream.unplug();
    else send(bytes);
  };
  try {
    for (let episode = 0; episode < 2; episode++) {
      if (episode === 1) left = writes;
      const { outcome } = await runEpisode({ seed, timeLimit: 0.6, robot, driver: wild(seed + episode) });
      finished.push(outcome);
    }
  } catch (error) {
    expect(error).toMatchObject({ code: "unavailable" });
  }
  await robot.close();
  return { chain, finished };
}

test("a plug that is pulled after any request: the arm holds, and no goal is beyond the limits", async () => {
  for (let i = 0; i < 200; i++) {
    const { chain, finished } = await episodesUntilUnplugged(i, 1 + ((7 * i) % 90));
    expect(finished).toEqual(["failure"]);
    expect(chain.servos.map(({ torque }) => torque)).toEqual(Array(6).fill(true));
    expect(goalsBeyondLimits(chain.goals, limits, fps)).toEqual([]);
  }
});

test("a recording keeps its finished episodes when the arm fails in the middle of one", async () => {
  const clock = new SimulatedClock();
  const chain = new EmulatedChain(
    motorIds.map((id) => new EmulatedServo(id)),
    new LooseJoints(motorIds.map(() => 2000)),
  );
  for (const servo of chain.servos) {
    servo.set("Min_Position_Limit", 500);
    servo.set("Max_Position_Limit", 3500);
  }
  const stream = new EmulatedStream(chain, clock);
  const robot = await connectSo101({
    ...{ bus: new FeetechBus(stream, { clock }), calibration, unit: "degrees", limits, rest, fps, clock },
    instruction: "wave",
  });
  const root = join(folder, "data");
  const writer = await createWriter(root, { fps, robotType: robot.type, features: rolloutFeatures(robot) });
  try {
    for (let episode = 0; episode < 3; episode++) {
      const driver = wild(episode);
      const next: Driver["next"] = (period) => {
        if (episode === 2 && period.step === 10) stream.unplug();
        return driver.next(period);
      };
      await runEpisode({ seed: episode, timeLimit: 0.4, robot, driver: { ...driver, next }, sink: writer });
      await writer.saveEpisode({ episode_success: "failure" });
    }
  } catch (error) {
    expect(error).toMatchObject({ code: "unavailable" });
  } finally {
    await writer.close();
  }
  const dataset = await openDataset(root);
  expect(dataset.episodes.map(({ length }) => length)).toEqual([20, 20]);
  await dataset.close();
});
