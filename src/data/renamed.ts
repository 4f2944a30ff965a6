// A dataset under other column names, for recordings under openpi's or one's own.
import { PistarError } from "../system/index.ts";
import type { LeRobotDataset } from "./dataset.ts";
import { isCamera } from "./dtypes.ts";
import type { EpisodeRecord } from "./episodes.ts";
import type { Stats } from "./stats.ts";
import type { Feature } from "./types.ts";

/** openpi's names, and those of its LIBERO and ALOHA examples, with LeRobot's. */
const synonyms: Readonly<Record<string, string>> = {
  state: "observation.state",
  actions: "action",
  image: "observation.images.image",
  wrist_image: "observation.images.wrist_image",
};

/**
 * The renamings to LeRobot's names: state, actions, image and wrist_image become observation.state, action and
 * observation.images.*. They apply if those names are free and the feature is of the right kind.
 */
export function usualNames(features: ReadonlyMap<string, Feature>): Record<string, string> {
  const lacks = (name: string) => !features.has(name);
  return Object.fromEntries(
    Object.entries(synonyms).filter(([stored, name]) => {
      const feature = features.get(stored);
      return feature && lacks(name) && isCamera(feature) === name.startsWith("observation.images.");
    }),
  );
}

/** Other names for columns, by the name in the files, from pairs such as "joints=observation.state". */
export function renaming(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [stored, name, ...more] = pair.split("=");
      if (!stored || !name || more.length > 0)
        throw new PistarError("bad-option", `expected stored=name, got ${JSON.stringify(pair)}`);
      return [stored, name];
    }),
  );
}

/**
 * The dataset with its columns under other names.
 * @param given new names by stored ones. One that is in place already, as in another dataset of the same training, is
 *   passed over
 */
export function renamedDataset(dataset: LeRobotDataset, given: Readonly<Record<string, string>>): LeRobotDataset {
  const inPlace = ([stored, name]: [string, string]) => !dataset.features.has(stored) && dataset.features.has(name);
  const rename = Object.fromEntries(Object.entries(given).filter((pair) => !inPlace(pair)));
  for (const stored of Object.keys(rename))
    if (!dataset.features.has(stored))
      throw new PistarError(
        "bad-option",
        `${dataset.root}: expected a column to rename among ${[...dataset.features.keys()].join(", ")}, got "${stored}"`,
        { path: dataset.root },
      );
  const nameOf = (stored: string) => rename[stored] ?? stored;
  const names = [...dataset.features.keys()].map(nameOf);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice)
    throw new PistarError(
      "bad-option",
      `${dataset.root}: expected each name once, "${twice}" would stand for two columns`,
      { path: dataset.root },
    );
  const storedNames = new Map([...dataset.features.keys()].map((stored) => [nameOf(stored), stored]));
  const storedOf = (name: string) => storedNames.get(name) ?? (name in rename ? `${name} (renamed)` : name);
  const renamed = <T>(entries: Iterable<readonly [string, T]>) =>
    new Map([...entries].map(([name, value]) => [nameOf(name), value] as const));
  const features = renamed(dataset.features);
  const renamedStats = (stats: Stats): Stats => renamed(stats);
  return {
    ...dataset,
    info: { ...dataset.info, features: Object.fromEntries(features) },
    features,
    storedNames,
    episodes: dataset.episodes.map((episode): EpisodeRecord => ({ ...episode, videos: renamed(episode.videos) })),
    cameras: dataset.cameras.map(nameOf),
    depthCameras: dataset.depthCameras.map(nameOf),
    columns: async (episode, wanted) => renamed(await dataset.columns(episode, wanted?.map(storedOf))),
    frames: (episode, camera, indices) => dataset.frames(episode, storedOf(camera), indices),
    depth: (episode, camera, indices) => dataset.depth(episode, storedOf(camera), indices),
    video: (episode, camera) => dataset.video(episode, storedOf(camera)),
    stats: async () => renamedStats(await dataset.stats()),
    episodeStats: async () =>
      new Map([...(await dataset.episodeStats())].map(([index, stats]) => [index, renamedStats(stats)])),
    async raw(episode, name) {
      const column = await dataset.raw(episode, storedOf(name));
      const [top, ...below] = column.schema;
      return { ...column, name, schema: [{ ...top!, name }, ...below] };
    },
  };
}
