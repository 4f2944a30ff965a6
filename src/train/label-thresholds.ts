// The thresholds of labels: ε of each task (arXiv 2511.14759, section IV-B), over the frames that the options choose.
import type { AdvantageLabels, LeRobotDataset } from "../data/index.ts";
import { taskThresholds } from "../recap/index.ts";
import { PistarError } from "../system/index.ts";
import { newestPolicy, policyOf, rowsByOrigin } from "./frame-origins.ts";
import type { LabelOptions } from "./options.ts";

/** Labels before their indicators are known. */
export type Advantages = Omit<AdvantageLabels, "advantage">;

export interface LabelledDataset {
  readonly dataset: LeRobotDataset;
  readonly labels: Advantages;
}

export interface Thresholds {
  /** ε of each group of frames. */
  readonly epsilon: ReadonlyMap<string, number>;
  /** The group of each row: its task, or its task and source. */
  groupsOf(dataset: LeRobotDataset, labels: Advantages): Promise<string[]>;
}

/**
 * Chooses ε by the share of positive frames, over all of the datasets together. Failures may have most of the frames, because they last until
 * the deadline. A share above that of the other frames then has an ε below 0, and takes actions for improvements that are worse than
 * expected. `leastThreshold` prevents it.
 *
 * @param fractions shares of single tasks, by instruction, in place of `positiveFraction`
 * @throws PistarError bad-option for a share of an unknown task, or thresholds from rollouts if a task has none
 */
export async function chooseThresholds(
  parts: readonly LabelledDataset[],
  {
    positiveFraction,
    thresholdFrom,
    leastThreshold = Number.NEGATIVE_INFINITY,
  }: Pick<LabelOptions, "positiveFraction" | "thresholdFrom" | "leastThreshold">,
  fractions: Readonly<Record<string, number>> = {},
): Promise<Thresholds> {
  const roots = parts.map(({ dataset }) => dataset.root).join(", ");
  const tasks = [...new Set(parts.flatMap(({ dataset }) => dataset.episodes.map(({ tasks: [task = ""] }) => task)))];
  const unknown = Object.keys(fractions).find((task) => !tasks.includes(task));
  if (unknown !== undefined)
    throw new PistarError(
      "bad-option",
      `${roots}: expected shares of the tasks ${tasks.join("; ")}, got one of ${JSON.stringify(unknown)}`,
    );
  const groupsOf =
    thresholdFrom === "source"
      ? tasksAndSources
      : async (...[dataset, labels]: GroupsInput) => tasksOf(dataset, labels);
  const [advantages, groups]: [number[], string[]] = [[], []];
  for (const { dataset, labels } of parts) {
    const known = await groupsOf(dataset, labels);
    const counts = thresholdFrom === "rollouts" ? isNewestRollout(dataset, labels) : () => true;
    for (const [row, group] of known.entries()) {
      if (!counts(row)) continue;
      advantages.push(labels.advantage_continuous[row]!);
      groups.push(group);
    }
  }
  const names = [...new Set(groups)];
  const without = thresholdFrom === "rollouts" && tasks.find((task) => !names.includes(task));
  if (without)
    throw new PistarError(
      "bad-option",
      `${roots}: expected rollouts of a policy to take the threshold of ${JSON.stringify(without)} from, got demonstrations alone: ` +
        "take it from all of the task's frames (--threshold-from task)",
    );
  const numbers = new Map(names.map((name, number) => [name, number]));
  const found = taskThresholds(
    Float32Array.from(advantages),
    groups.map((group) => numbers.get(group)!),
    new Map(names.map((name, number) => [number, fractions[taskOf(name)] ?? positiveFraction])),
  );
  const epsilon = [...found].map(([number, share]) => [names[number]!, Math.max(share, leastThreshold)] as const);
  return { epsilon: new Map(epsilon), groupsOf };
}

/** The task of each row. */
export function tasksOf({ episodes }: LeRobotDataset, { episode_index }: Advantages): string[] {
  const byEpisode = new Map(episodes.map(({ index, tasks: [task = ""] }) => [index, task]));
  return Array.from(episode_index, (episode) => byEpisode.get(episode)!);
}

type GroupsInput = [dataset: LeRobotDataset, labels: Advantages];

/** Task and source of each row. No instruction has a line break. */
async function tasksAndSources(...[dataset, labels]: GroupsInput): Promise<string[]> {
  const groups = tasksOf(dataset, labels);
  for (const [source, rows] of (await rowsByOrigin(dataset, labels)).entries())
    for (const row of rows) groups[row] = `${groups[row]}\n${source}`;
  return groups;
}

const taskOf = (group: string): string => group.split("\n")[0]!;

function isNewestRollout({ episodes }: LeRobotDataset, { episode_index }: Advantages): (row: number) => boolean {
  const newest = newestPolicy(episodes);
  const chosen = new Set(episodes.filter((episode) => policyOf(episode) === newest).map(({ index }) => index));
  return (row) => chosen.has(episode_index[row]!);
}
