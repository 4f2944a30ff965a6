// The policies of a run of RECAP, by name: RUN is the latest RECAP policy, RUN:TASK that of one task, RUN:TASK:ARM another arm's.
//
//     RUN/policies/TASK.json   the policies of a task, in the order of their evaluation
import { existsSync, readdirSync } from "node:fs";
import { join, parse } from "node:path";
import * as z from "zod";
import { PistarError, readJsonAs, replaceFile, toJson } from "../system/index.ts";
import type { InferenceOptions } from "./inference.ts";

const policySchema = z.object({
  arm: z.string(),
  iteration: z.int().min(0),
  /** The training's folder, relative to the run's: a run may be moved. */
  folder: z.string(),
  advantageIndicator: z.enum(["positive", "negative", "none"]),
  guidance: z.number(),
});

/** A policy of a run, and how it was asked in its evaluation. */
export type RunPolicy = z.infer<typeof policySchema>;

/** The arm that RUN and RUN:TASK stand for. Before the first iteration it is the cloned policy. */
const improvedArm = "recap";

const listOf = (run: string, task: string) => join(run, "policies", `${task}.json`);
const policiesOf = (run: string, task: string): RunPolicy[] =>
  existsSync(listOf(run, task)) ? readJsonAs(z.array(policySchema), listOf(run, task)) : [];

/** Adds a policy to a run, or replaces the one of the same arm and iteration. */
export function addRunPolicy(run: string, task: string, policy: RunPolicy): void {
  const others = policiesOf(run, task).filter(
    ({ arm, iteration }) => arm !== policy.arm || iteration !== policy.iteration,
  );
  replaceFile(listOf(run, task), toJson([...others, policy], 2));
}

/** Tasks that have policies in a run's folder; none for any other folder. */
export function runTasks(run: string): string[] {
  const folder = join(run, "policies");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => parse(file).name)
    .sort();
}

/**
 * The policy that RUN, RUN:TASK or RUN:TASK:ARM names. Of an arm's policies it is that of the last iteration.
 * @returns its training's folder and how it is asked; undefined if `spec` names no run
 * @throws PistarError "missing-file" if the run has no such task or arm, or if RUN has several tasks; it lists the names
 */
export function findRunPolicy(
  spec: string,
):
  | { readonly folder: string; readonly asked: Required<Pick<InferenceOptions, "advantageIndicator" | "guidance">> }
  | undefined {
  const [run, task, arm] = split(spec);
  const tasks = runTasks(run);
  if (tasks.length === 0) return undefined;
  const names = (all: readonly string[], prefix: string) => all.map((name) => `${prefix}:${name}`).join(", ");
  if (task === undefined ? tasks.length > 1 : !tasks.includes(task))
    throw new PistarError("missing-file", `${spec}: expected one of ${names(tasks, run)}`, { path: run });
  const chosen = task ?? tasks[0]!;
  const policies = policiesOf(run, chosen);
  const found =
    arm === undefined
      ? (policies.findLast((policy) => policy.arm === improvedArm) ?? policies.at(-1))
      : policies.findLast((policy) => policy.arm === arm);
  if (!found) {
    const arms = [...new Set(policies.map((policy) => policy.arm))];
    throw new PistarError("missing-file", `${spec}: expected one of ${names(arms, `${run}:${chosen}`)}`, { path: run });
  }
  const { folder, advantageIndicator, guidance } = found;
  return { folder: join(run, folder), asked: { advantageIndicator, guidance } };
}

/** RUN, TASK and ARM. A folder whose own name has colons stands for itself. */
function split(spec: string): [run: string, task?: string, arm?: string] {
  if (existsSync(spec)) return [spec];
  const parts = spec.split(":");
  for (const count of [1, 2]) {
    const run = parts.slice(0, -count).join(":");
    if (run !== "" && existsSync(run)) return [run, ...parts.slice(-count)] as [string, string, string?];
  }
  return [spec];
}
