// One episode in simulation, driven by a policy: npx tsx examples/episode.ts runs/recap-quick-0/trainings/cube-in-bowl/1/recap
import { openPolicy } from "pistar/policy";
import { PolicyDriver, runEpisode } from "pistar/rollout";
import { stations } from "pistar/sim";

const station = await stations.open(stations.setting({ task: "cube-in-bowl", randomise: false }), false);
const { robot, operator, timeLimit } = station;
const policy = await openPolicy(process.argv[2] ?? "random");
const driver = new PolicyDriver(policy, robot);
const { outcome, seconds } = await runEpisode({ seed: 2, robot, driver, operator, timeLimit });
console.log(`${policy.id}: ${outcome} after ${seconds} s`);
await policy.close();
await station.close();
