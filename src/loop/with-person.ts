// Algorithm 1 of π*0.6 on a real arm, with a person in it. A program cannot collect episodes alone. It stops and says what it needs next. It goes on
// when the episodes are there, days later if need be. Every round has a folder of its own.
//
//     plan.json             options
//     data/demonstrations/  teleoperated episodes
//     data/round-K/         episodes of round K's policy: autonomous ones, then ones with corrections
//     rounds/round-K/       a run on the data so far (own-data.ts): value function, labels, policy, report
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { type Episode, openDataset } from "../data/index.ts";
import { checked, PistarError, readJson, replaceFile, toJson } from "../system/index.ts";
import { openDatasetRun } from "./open-run.ts";
import { datasetOptions } from "./options.ts";
import { runOnDatasets } from "./own-data.ts";
import type { Listener } from "./run.ts";
import type { DatasetsSummary } from "./summary.ts";

const count = z.int().min(1);

export const planOptions = datasetOptions
  .omit({ datasets: true, rename: true, trainer: true, from: true, checkpoint: true })
  .extend({
    robot: z.string().describe("robot file of the arm"),
    task: z.string().min(1).describe("the instruction"),
    demonstrations: count.default(30).describe("teleoperated demonstrations to begin with"),
    autonomous: z.int().min(0).default(30).describe("autonomous episodes of a round"),
    corrected: z.int().min(0).default(20).describe("episodes with corrections of a round"),
  });
export type PlanOptions = z.infer<typeof planOptions>;

/** Seeds name episodes. Each group of a round has its own. */
const seedsOf = { round: 10_000, corrected: 5000 };

/** Episodes that a person has to collect. */
export interface Need {
  readonly round: number;
  readonly what: "demonstrations" | "autonomous" | "corrected";
  readonly wanted: number;
  readonly had: number;
  /** The command that collects them. */
  readonly command: string;
}

/** What comes next: episodes, or the training of a round. */
export type NextStep = { readonly need: Need } | { readonly train: number };

/** Where things lie in a folder. */
export const roundFolder = (folder: string, round: number): string => join(folder, "rounds", `round-${round}`);
const policyOf = (folder: string, round: number) => join(roundFolder(folder, round), "trainings", "policy");
const dataOf = (folder: string, round: number) =>
  join(folder, "data", round === 0 ? "demonstrations" : `round-${round}`);

/**
 * Opens a folder, to begin or to go on.
 * @param given options; those that are left out have the values of the beginning, or their defaults
 * @throws PistarError cannot-resume if an option differs from those of the beginning
 */
export function openPlan(folder: string, given: Partial<PlanOptions>): PlanOptions {
  const path = join(folder, "plan.json");
  const before = existsSync(path) ? checked(planOptions, readJson(path), path) : undefined;
  const asked = { ...given, ...(given.robot !== undefined && { robot: resolve(given.robot) }) };
  const options = checked(planOptions, { ...before, ...asked }, "the flags", "bad-option");
  for (const [name, value] of Object.entries(before ?? {}))
    if (!isDeepStrictEqual(value, options[name as keyof PlanOptions]))
      throw new PistarError(
        "cannot-resume",
        `${folder}: it was begun with ${name} ${JSON.stringify(value)}; go on with that, or begin in another folder`,
        { path: folder },
      );
  if (!before) replaceFile(path, toJson(options, 2));
  return options;
}

/** What a folder needs next. It looks at the episodes alone: whatever else happened since the last time does not matter. */
export async function nextStep(folder: string, options: PlanOptions): Promise<NextStep> {
  const { demonstrations, autonomous, corrected } = options;
  for (let round = 0; ; round++) {
    const episodes = await episodesOf(dataOf(folder, round));
    const before = round === 0 ? undefined : policyOf(folder, round - 1);
    const groups =
      before === undefined
        ? [{ what: "demonstrations" as const, wanted: demonstrations, policy: "demonstrator", supervisor: "none" }]
        : [
            { what: "autonomous" as const, wanted: autonomous, policy: before, supervisor: "none" },
            { what: "corrected" as const, wanted: corrected, policy: before, supervisor: "person" },
          ];
    for (const { what, wanted, policy, supervisor } of groups) {
      const had = episodes.filter(
        ({ extra }) =>
          resolve(String(extra.episode_policy)) === resolve(policy) && extra.episode_supervisor === supervisor,
      ).length;
      if (had >= wanted) continue;
      const seed = seedsOf.round * round + (what === "corrected" ? seedsOf.corrected : 0);
      const command =
        `pistar collect --robot ${quoted(options.robot)} --task ${quoted(options.task)} --policy ${quoted(policy)}` +
        `${supervisor === "none" ? "" : ` --supervisor ${supervisor}`} --episodes ${wanted} --seed ${seed} --out ${quoted(dataOf(folder, round))}`;
      return { need: { round, what, wanted, had, command } };
    }
    if (!isTrained(folder, round)) return { train: round };
  }
}

/** Whether the round's run has ended. */
function isTrained(folder: string, round: number): boolean {
  const path = join(roundFolder(folder, round), "stages", "policy.json");
  return existsSync(path);
}

async function episodesOf(root: string): Promise<readonly Episode[]> {
  if (!existsSync(join(root, "meta/info.json"))) return [];
  const dataset = await openDataset(root);
  await dataset.close();
  return dataset.episodes;
}

const quoted = (word: string) => (/^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Trains a round on all data so far. A round that was stopped goes on. */
export async function trainRound(
  folder: string,
  round: number,
  options: PlanOptions,
  listener: Listener = {},
  signal?: AbortSignal,
): Promise<DatasetsSummary> {
  const own = new Set(["robot", "task", "demonstrations", "autonomous", "corrected"]);
  const learning = Object.fromEntries(Object.entries(options).filter(([name]) => !own.has(name)));
  const datasets = Array.from({ length: round + 1 }, (_, i) => dataOf(folder, i));
  const found = datasets.filter((root) => existsSync(join(root, "meta/info.json")));
  return runOnDatasets(
    await openDatasetRun(roundFolder(folder, round), { ...learning, datasets: found }, listener, signal),
  );
}
