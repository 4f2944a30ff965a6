// The targets of the value function: the normalised Monte-Carlo return of every frame (arXiv 2511.14759, section IV-A).
import type { BatchSource, FrameLabels } from "../data/index.ts";
import { type TaskScale, taskScales } from "../recap/index.ts";
import { PistarError } from "../system/index.ts";
import { firstFrame, type TrainingData, type TrainingEpisode } from "./training-data.ts";

/**
 * The scale of each instruction, from the lengths of its episodes.
 * @param known scales of the checkpoint to fine-tune. A scale is kept unless there is a longer episode
 */
export function scalesByTask(
  episodes: readonly TrainingEpisode[],
  options: { readonly failureCost?: number; readonly bins: number },
  known: Readonly<Record<string, TaskScale>> = {},
): Record<string, TaskScale> {
  const tasks = [...new Set(episodes.map(({ task }) => task))];
  const scales = taskScales(
    episodes.map(({ task }) => tasks.indexOf(task)),
    episodes.map(({ length }) => length),
    options,
  );
  const found = tasks.map((task, at): [string, TaskScale] => {
    const [before, now] = [known[task], scales.get(at)!];
    return [task, before && before.maxLength >= now.maxLength ? before : now];
  });
  return { ...known, ...Object.fromEntries(found) };
}

/** The scale of a task. @throws Error with the known tasks if it is not one of them */
export function scaleOf(scales: Readonly<Record<string, TaskScale>>, task: string): TaskScale {
  const scale = scales[task];
  if (!scale)
    throw new PistarError(
      "wrong-layout",
      `The value function knows the tasks ${Object.keys(scales)
        .map((known) => JSON.stringify(known))
        .join(", ")}, ` + `not ${JSON.stringify(task)}: fine-tune it on that task`,
    );
  return scale;
}

/** The targets of each dataset's frames. Frames of unused episodes have NaN. @param targetsOf an episode, [length] */
export function returnLabels(data: TrainingData, targetsOf: (episode: TrainingEpisode) => Float64Array): FrameLabels[] {
  return data.datasets.map(({ episodes: all }, dataset) => {
    const lengths = all.map(({ length }) => length);
    const labels = new Float32Array(lengths.reduce((sum, length) => sum + length, 0)).fill(Number.NaN);
    const starts = new Map<number, number>();
    all.reduce((start, { index, length }) => {
      starts.set(index, start);
      return start + length;
    }, 0);
    for (const episode of data.episodes)
      if (episode.dataset === dataset) labels.set(targetsOf(episode), starts.get(episode.episode)!);
    return { return: labels };
  });
}

/** A frame of an episode, where it lies, and its target. */
export interface ValuedFrame {
  readonly episode: TrainingEpisode;
  /** 0 is the episode's first. */
  readonly frame: number;
  readonly sample: { readonly source: number; readonly frame: number; readonly draw: number };
  readonly target: number;
}

/** The frames [position of the episode, frame] with their targets. */
export function valuedFrames(
  sources: readonly BatchSource[],
  episodes: readonly TrainingEpisode[],
  frames: readonly (readonly [number, number])[],
): ValuedFrame[] {
  return frames.map(([at, frame], draw) => {
    const episode = episodes[at]!;
    const source = sources[episode.dataset]!;
    const global = firstFrame(source, episode) + frame;
    return {
      episode,
      frame,
      sample: { source: episode.dataset, frame: global, draw },
      target: source.return[global]!,
    };
  });
}
