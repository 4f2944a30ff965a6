// Episodes of a trained policy side by side in one thread, their questions in one batch, against one after the other: CPU time of a control period. Both
// run the same seeds, in turns. Options: --policy FOLDER (required), --episodes 16, --task cube-in-bowl, --lanes 8, --rounds 3, --seed 100000.
// The last line is JSON.
import { parseArgs } from "node:util";
import { drivingOptions, SideBySide } from "../src/rollout/index.ts";
import { simulation, stations } from "../src/sim/index.ts";
import { median } from "./median.ts";

const { values } = parseArgs({
  options: {
    policy: { type: "string" },
    episodes: { type: "string", default: "16" },
    task: { type: "string", default: "cube-in-bowl" },
    lanes: { type: "string", default: "8" },
    rounds: { type: "string", default: "3" },
    seed: { type: "string", default: "100000" },
  },
});
if (values.policy === undefined)
  throw new Error("Expected --policy FOLDER, a trained policy's: npm run bench -- side-by-side --policy runs/NAME");
const driving = drivingOptions.parse({ policy: values.policy });
const [episodes, lanes, rounds, seed] = [values.episodes, values.lanes, values.rounds, values.seed].map(Number);
const setting = stations.setting({ task: values.task, randomise: false });

/** Milliseconds of CPU time for a control period. */
async function measured(runners: SideBySide, first: number): Promise<number> {
  const before = process.cpuUsage();
  const ran = await runners.run(
    Array.from({ length: episodes! }, (_, i) => ({ assignment: { ...setting, seed: first + i } })),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / ran.reduce((sum, { result }) => sum + result.steps, 0);
}

const [single, together] = [1, lanes!].map(
  (count) => new SideBySide({ stations: simulation, driving, record: false }, count),
);
const costs = { single: [] as number[], together: [] as number[] };
for (let round = 0; round <= rounds!; round++) {
  const [one, many] = [await measured(single!, seed!), await measured(together!, seed!)];
  if (round === 0) continue; // opens worlds and compiles programs
  costs.single.push(one);
  costs.together.push(many);
}
await single!.close();
await together!.close();
const [one, many] = [median(costs.single), median(costs.together)];
console.log(`${one.toFixed(2)} ms a control period one after the other, ${many.toFixed(2)} ms in ${lanes} lanes`);
console.log(JSON.stringify({ bench: "side-by-side", lanes, single: one, together: many, ratio: one / many }));
