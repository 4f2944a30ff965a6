// Collecting episodes into a LeRobot dataset. A seed names an episode of a collection. Episodes in the dataset are not run again, so a
// stopped collection resumes.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type * as z from "zod";
import {
  createWriter,
  type DatasetWriter,
  type Episode,
  episodeSubtasks,
  episodeSuccess,
  type Feature,
  openDataset,
  resumeWriter,
} from "../data/index.ts";
import type { EpisodeSetting, Stations, Unit } from "../robot/index.ts";
import { PistarError } from "../system/index.ts";
import type { EpisodeResult } from "./episode.ts";
import type { Assignment, Finished, Lost } from "./fleet/episode-runner.ts";
import { runEpisodes } from "./fleet/parallel.ts";
import { loadStations } from "./fleet/stations.ts";
import type { collectOptions, Driving } from "./options.ts";
import { rolloutFeatures } from "./recording.ts";

export interface CollectOptions extends z.infer<typeof collectOptions> {
  /** Address of the module that opens stations, such as sim's `simulation`. */
  readonly stations: string;
  /** Name of the policy in the dataset (default: `policy`). A run that may be moved names its policies by stage, not by folder. */
  readonly policyName?: string;
  readonly progress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Collection {
  /** Episodes of this collection that the dataset held before. */
  readonly before: number;
  /** Results of the episodes run now, with their index in the dataset; a discarded episode has none. */
  readonly collected: readonly (EpisodeResult & { readonly index?: number })[];
  /** Episodes that were not run to their end. Running the collection again tries them again. */
  readonly lost: readonly Lost[];
}

/**
 * Episode-level columns on the origin of an episode, beside `episode_success`: enough to replay it in simulation (`replayEpisode`) and to
 * recognise it when the collection resumes.
 */
type Origin = {
  readonly episode_task: string;
  readonly episode_seed: bigint;
  readonly episode_difficulty: number;
  readonly episode_randomise: boolean;
  /** The policy as the command was given it, or by its name in a run. */
  readonly episode_policy: string;
  readonly episode_supervisor: string;
};

/** Faults of policy and operator, one a line; empty without faults. */
type Troubles = { readonly episode_troubles: string };

/** Unit of an SO-101's body joints (`unitsOfDataset` reads it). */
type Units = { readonly episode_units?: Unit };

function originOf(
  { task, seed, difficulty, randomise }: Assignment,
  { policy, supervisor }: Pick<Driving, "policy" | "supervisor">,
): Origin {
  return {
    episode_task: task,
    episode_seed: BigInt(seed),
    episode_difficulty: difficulty,
    episode_randomise: randomise,
    episode_policy: policy,
    episode_supervisor: supervisor,
  };
}

/** The beginning of an episode of a collected dataset. Undefined for an episode that was not recorded in simulation. */
export function beginningOf({ extra }: Pick<Episode, "extra">): Assignment | undefined {
  const {
    episode_task: task,
    episode_seed: seed,
    episode_difficulty: difficulty,
    episode_randomise: randomise,
  } = extra;
  if (
    typeof task !== "string" ||
    typeof difficulty !== "number" ||
    typeof randomise !== "boolean" ||
    (typeof seed !== "bigint" && typeof seed !== "number")
  )
    return undefined;
  return { task, seed: Number(seed), difficulty, randomise };
}

/**
 * Runs the missing episodes of a collection and appends them in the order of their seeds. An appended episode is safe: a kill loses only the
 * episodes in progress.
 * @throws Error if the dataset has other features or another frame rate
 */
export async function collect(options: CollectOptions): Promise<Collection> {
  const { episodes, seed, workers, out, progress, signal, policyName, stations: module, ...rest } = options;
  const { task: _, difficulty: __, randomise: ___, ...driving } = rest;
  const named = { ...driving, policy: policyName ?? driving.policy };
  const stations = await loadStations(module);
  const setting = stations.setting(options);
  const had = existsSync(join(out, "meta/info.json")) ? await collected(out) : [];
  const all = Array.from({ length: episodes }, (_, i) => ({ ...setting, seed: seed + i }));
  const missing = all.filter((assignment) => {
    const origin = originOf(assignment, named);
    return !had.some((other) => isDeepStrictEqual(other, origin));
  });
  const before = all.length - missing.length;
  const done: (EpisodeResult & { readonly index?: number })[] = [];
  const lost: Lost[] = [];
  if (missing.length === 0) return { before, collected: done, lost };
  progress?.(before, episodes);

  // An existing dataset is checked before the work; a new one is created with its first episode.
  let writer = existsSync(join(out, "meta/info.json")) ? await openRollouts(out, stations, setting) : undefined;
  try {
    await runEpisodes(missing, {
      stations: module,
      driving,
      record: true,
      workers,
      async onEpisode(episode) {
        if ("lost" in episode) lost.push(episode);
        // What ended the collection may have taken the policy away. The episode is run again when the collection resumes.
        else if (signal?.aborted && episode.result.troubles.length > 0) return;
        else {
          writer ??= await openRollouts(out, stations, setting);
          done.push({ ...episode.result, ...(await appendRollout(writer, episode, named)) });
        }
        progress?.(before + done.length + lost.length, episodes);
      },
      ...(signal && { signal }),
    });
  } finally {
    await writer?.close();
  }
  return { before, collected: done, lost };
}

/**
 * Appends an episode with its outcome and its origin, as `collect` does. A discarded episode is left out.
 * @returns its index in the dataset
 */
export async function appendRollout(
  writer: DatasetWriter,
  { result, content, unit, ...assignment }: Finished,
  driving: Pick<Driving, "policy" | "supervisor">,
): Promise<{ readonly index?: number }> {
  if (!content) return {};
  const troubles = result.troubles.map(({ step, kind, message }) => `${kind} at period ${step}: ${message}`);
  const extra: Origin & Troubles & Units & ReturnType<typeof episodeSuccess> = {
    ...episodeSuccess(result.outcome === "success"),
    ...originOf(assignment, driving),
    episode_troubles: troubles.join("\n"),
    ...(unit && { episode_units: unit }),
    ...episodeSubtasks(result.subtasks),
  };
  return { index: await writer.appendEpisode({ ...content, extra }) };
}

/** The origins of a dataset's episodes. */
async function collected(root: string): Promise<Origin[]> {
  const dataset = await openDataset(root);
  await dataset.close();
  return dataset.episodes.flatMap((episode) => {
    const beginning = beginningOf(episode);
    const { episode_policy: policy, episode_supervisor: supervisor } = episode.extra as Origin;
    return beginning ? [originOf(beginning, { policy, supervisor: supervisor as Driving["supervisor"] })] : [];
  });
}

/**
 * Creates the dataset of a robot's rollouts, or opens it if its features are this robot's.
 * @throws PistarError wrong-layout if they are another's
 */
export async function openRollouts(root: string, stations: Stations, setting: EpisodeSetting): Promise<DatasetWriter> {
  const station = stations.only ? undefined : await stations.open(setting, false);
  try {
    const robot = station?.robot ?? stations.only!();
    const features = rolloutFeatures(robot);
    if (!existsSync(join(root, "meta/info.json")))
      return await createWriter(root, { fps: robot.fps, robotType: robot.type, features });
    const writer = await resumeWriter(root);
    const problem = mismatch(writer, features, robot.fps);
    if (!problem) return writer;
    await writer.close();
    throw new PistarError("wrong-layout", `${root}: ${problem}; collect into another folder`, { path: root });
  } finally {
    await station?.close();
  }
}

function mismatch(
  { info }: DatasetWriter,
  features: Readonly<Record<string, Feature>>,
  fps: number,
): string | undefined {
  if (info.fps !== fps) return `expected a dataset of ${fps} frames a second, got ${info.fps}`;
  for (const [name, { dtype, shape }] of Object.entries(features)) {
    const found = info.features[name];
    if (!found || found.dtype !== dtype || !isDeepStrictEqual([...found.shape], [...shape]))
      return `expected the feature "${name}" as ${dtype} [${shape.join(", ")}], got ${found ? `${found.dtype} [${found.shape.join(", ")}]` : "none"}`;
  }
  const defaults = 5;
  const others = Object.keys(info.features).length - Object.keys(features).length - defaults;
  return others > 0 ? `it has ${others} features that a rollout does not record` : undefined;
}
