// Action chunking under late answers: a trained policy's success rate, and the jumps of joint targets between chunks.
// It compares async (naive switching) with real-time chunking, guided or trained into the policy (train --simulated-delay), at latencies of 0,
// 100 and 200 ms of simulated time, on the same seeds. Without "trained" any policy will do. Options: --policy FOLDER (required), --episodes 50, --task cube-in-bowl, --difficulty 0.3,
// --seed 100000, --workers 1, --execute-steps 8, --guidance 1, --latency "0 0.1 0.2", --chunking "async guided
// trained" (or sync: the robot holds still). The last line is JSON.
import { parseArgs } from "node:util";
import { compare, type Evaluation, evaluateOptions, evaluatePolicy } from "../src/rollout/index.ts";
import { simulation } from "../src/sim/index.ts";

const { values } = parseArgs({
  options: {
    policy: { type: "string" },
    episodes: { type: "string", default: "50" },
    task: { type: "string", default: "cube-in-bowl" },
    difficulty: { type: "string", default: "0.3" },
    seed: { type: "string", default: "100000" },
    workers: { type: "string", default: "1" },
    "execute-steps": { type: "string", default: "8" },
    guidance: { type: "string", default: "1" },
    latency: { type: "string", default: "0 0.1 0.2" },
    chunking: { type: "string", default: "async guided trained" },
  },
});
if (values.policy === undefined)
  throw new Error("Expected --policy FOLDER, a trained policy's: npm run bench -- chunking --policy runs/NAME");

const optionsOf = (latency: string, way: string) =>
  evaluateOptions.parse({
    policy: values.policy,
    task: [values.task],
    episodes: Number(values.episodes),
    difficulty: Number(values.difficulty),
    seed: Number(values.seed),
    workers: Number(values.workers),
    executeSteps: Number(values["execute-steps"]),
    guidance: Number(values.guidance),
    latency: Number(latency),
    ...(way === "guided" || way === "trained" ? { chunking: "rtc", rtcMode: way } : { chunking: way }),
  });

const percent = (share: number) => `${Math.round(100 * share)} %`;
const rows = [];
for (const latency of values.latency.split(" ")) {
  const evaluations = new Map<string, Evaluation>();
  for (const chunking of values.chunking.split(" ")) {
    const evaluation = await evaluatePolicy({ ...optionsOf(latency, chunking), stations: simulation });
    evaluations.set(chunking, evaluation);
    const { total, jumps, runs, lost } = evaluation;
    const { value, low, high } = total.successRate;
    const troubled = runs.filter(({ troubles }) => troubles.length > 0).length;
    console.log(
      `${latency} s ${chunking.padEnd(7)} success ${percent(value)} (${percent(low)} to ${percent(high)}), jumps ${jumps?.mean.toFixed(2)}° mean, ${jumps?.max.toFixed(1)}° max of ${jumps?.borders} borders; ${troubled} troubled, ${lost.length} lost`,
    );
    rows.push({
      latency: Number(latency),
      chunking,
      successRate: total.successRate,
      jumps,
      troubled,
      lost: lost.length,
    });
  }
  const async = evaluations.get("async");
  for (const [chunking, evaluation] of evaluations) {
    if (!async || evaluation === async) continue;
    const { successDifference, onlyPolicy, onlyBaseline, p } = compare(evaluation, async, Number(values.seed));
    console.log(
      `${latency} s ${chunking} − async: ${percent(successDifference.value)} (${percent(successDifference.low)} to ${percent(successDifference.high)}), ${onlyPolicy} won, ${onlyBaseline} lost`,
    );
    rows.push({
      latency: Number(latency),
      chunking,
      minusAsync: successDifference,
      won: onlyPolicy,
      lost: onlyBaseline,
      p,
    });
  }
}
console.log(JSON.stringify({ bench: "chunking", ...values, rows }));
