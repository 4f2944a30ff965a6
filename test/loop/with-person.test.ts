// Algorithm 1 with a person, on the emulated arm: its requests, its resuming, and rounds that stay. The networks train for a few steps only. Their
// quality is not tested.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { nextStep, openPlan, roundFolder, trainRound } from "../../src/loop/index.ts";
import { collect, collectOptions } from "../../src/rollout/index.ts";

const robot = fileURLToPath(new URL("../robot/emulated.json", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pistar-person-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command of a need, as a person would, on the emulated arm. */
async function collectAsAsked(command: string): Promise<void> {
  const words = command.match(/'[^']*'|\S+/g)!.map((word) => word.replaceAll("'", ""));
  const flag = (name: string) => words[words.indexOf(`--${name}`) + 1]!;
  const options = collectOptions.parse({
    ...{ task: flag("task"), policy: flag("policy"), out: flag("out") },
    ...{ episodes: Number(flag("episodes")), seed: Number(flag("seed")) },
    ...(words.includes("--supervisor") && { supervisor: flag("supervisor") }),
  });
  await collect({ ...options, stations: pathToFileURL(flag("robot")).href });
}

test("it asks for demonstrations, trains, asks for a round's episodes, and trains again beside the first", async () => {
  const given = { robot, task: "cube-in-bowl", demonstrations: 2, autonomous: 1, corrected: 1 };
  const learning = { pretrainSteps: 2, valueSteps: 2, batchSize: 4 };
  const plan = openPlan(folder, { ...given, ...learning });
  const asked: string[] = [];
  let trained = 0;
  for (let step = 0; step < 7; step++) {
    // Another day: the options are those of the beginning.
    const options = step === 0 ? plan : openPlan(folder, {});
    const next = await nextStep(folder, options);
    if ("train" in next) {
      asked.push(`train ${next.train}`);
      if (next.train === 1) trained = statSync(join(roundFolder(folder, 0), "stages/policy.json")).mtimeMs;
      await trainRound(folder, next.train, options);
    } else {
      const { round, what, wanted, had, command } = next.need;
      asked.push(`${round} ${what} ${had} of ${wanted}`);
      await collectAsAsked(command);
    }
    if (asked.at(-1) === "train 1") break;
  }
  expect(asked).toEqual(["0 demonstrations 0 of 2", "train 0", "1 autonomous 0 of 1", "1 corrected 0 of 1", "train 1"]);
  expect(readdirSync(join(folder, "rounds"))).toEqual(["round-0", "round-1"]);
  expect(statSync(join(roundFolder(folder, 0), "stages/policy.json")).mtimeMs).toBe(trained);
  expect(existsSync(join(roundFolder(folder, 1), "report.html"))).toBe(true);
  const next = await nextStep(folder, plan);
  expect(next).toMatchObject({ need: { round: 2, what: "autonomous", had: 0 } });
  expect("need" in next && next.need.command).toContain("rounds/round-1/trainings/policy --episodes 1 --seed 20000");
  expect(() => openPlan(folder, { corrected: 5 })).toThrow("it was begun with corrected 1");
}, 180_000);
