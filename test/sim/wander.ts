// A few episodes of random joint targets, and their final states. It also runs in a worker thread.
import { so101Joints } from "../../src/robot/index.ts";
import { random } from "../../src/system/index.ts";
import { cubeWorld } from "./cube.ts";

/** The state at the end of an episode of 50 control periods for each seed. */
export async function wanderings(seeds: readonly number[]): Promise<Float64Array[]> {
  const world = await cubeWorld();
  const states: Float64Array[] = [];
  for (const seed of seeds) {
    await world.reset({ seed });
    const generator = random(seed).split("wander");
    for (let i = 0; i < 50; i++)
      await world.act(so101Joints.map(({ range: [low, high] }) => low + generator.uniform() * (high - low)));
    states.push(world.saveMoment().physics);
  }
  await world.close();
  return states;
}
