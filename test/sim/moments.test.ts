// A station of the simulation goes back to a saved moment exactly: the world, and what the judge has seen.
import { expect, test } from "vitest";
import type { Station } from "../../src/robot/index.ts";
import { momentsOf, runEpisode } from "../../src/rollout/index.ts";
import { stations } from "../../src/sim/index.ts";

const setting = { task: "cube-in-bowl", difficulty: 0.3, randomise: true };

test("from a moment within the judge's half second, another station ends as the episode did", async () => {
  const [first, second] = [await stations.open(setting, false), await stations.open(setting, true)];
  const { robot, operator, demonstrator, timeLimit } = first;
  const actions: Float32Array[] = [];
  const saved: unknown[] = [];
  const { outcome, steps } = await runEpisode({
    seed: 3,
    timeLimit,
    robot,
    operator: {
      ...operator,
      decide: () => {
        saved.push(momentsOf(first).saveMoment());
        return "continue";
      },
    },
    driver: demonstrator!,
    onPeriod: ({ action }) => actions.push(action),
  });
  expect(outcome).toBe("success");
  const { state } = await robot.observe();
  for (const from of [steps - 5, steps - 1, 40]) {
    second.operator.reset(9);
    momentsOf(second).restoreMoment(structuredClone(saved[from]));
    const judged: boolean[] = [];
    for (const action of actions.slice(from)) {
      await second.robot.act(action);
      judged.push(second.operator.judge!());
    }
    expect(judged).toEqual([...new Array(steps - from - 1).fill(false), true]);
    expect((await second.robot.observe()).state).toEqual(state);
  }
  await first.close();
  await second.close();
});

test("a robot that saves no moments is named", () => {
  const station = { robot: { type: "so101_follower" } } as Station;
  expect(() => momentsOf(station)).toThrow(
    "Expected a simulation that can save and restore its moments, got so101_follower",
  );
});
