// pistar replay: a recorded episode once more in simulation, as a film if one is wanted.
import { join, parse } from "node:path";
import type { Command } from "commander";
import { type LeRobotDataset, openDataset } from "../data/index.ts";
import { unitsOfDataset } from "../policy/index.ts";
import { jointNames, readRobotFile } from "../robot/index.ts";
import { anySetting, assignmentOf, openArm, type Replay, replayEpisode, replayOnArm } from "../rollout/index.ts";
import { createTaskWorld, judging, taskNamed } from "../sim/index.ts";
import { PistarError } from "../system/index.ts";
import { type Film, openFilm } from "./film.ts";
import { explain } from "./help.ts";
import { withProgress } from "./progress.ts";
import { exact, table } from "./table.ts";
import { warn } from "./terminal.ts";

export function addReplay(command: Command): void {
  command
    .description(
      'Replay a recorded episode, or "all" of them, in simulation, and say whether it ends the same. Exits with 1 if not.',
    )
    .option(
      "--out <file>",
      "film both cameras as .mp4, .webp, .gif or .png (a sheet); a file each for several episodes",
    );
  command.option(
    "--robot <file>",
    "repeat one episode's actions on a real SO-101 by its robot file, from the pose of its first frame",
  );
  explain(command, {
    examples: ["pistar replay data/demos 0 --out episode.webp", "pistar replay data/demos all"],
  }).action(replay);
}

async function replay(root: string, episode: string, { out, robot }: { out?: string; robot?: string }): Promise<void> {
  const dataset = await openDataset(root);
  try {
    if (robot !== undefined) return await replayReally(dataset, episode, robot);
    if (episode !== "all" && !/^\d+$/.test(episode))
      throw new PistarError("bad-option", `Expected the number of an episode or "all", got "${episode}"`);
    const indices = episode === "all" ? dataset.episodes.map(({ index }) => index) : [Number(episode)];
    const replays: Replay[] = [];
    await withProgress("replaying", async (progress) => {
      for (const index of indices) {
        const film = out === undefined ? undefined : openFilm(filmPath(out, index, indices.length), dataset.fps);
        replays.push(await replayOnto(film, dataset, index));
        progress(replays.length, indices.length);
      }
    });
    console.log(
      table(
        ["episode", "task", "seed", "recorded", "replayed", "deviation"],
        replays.map((found) => [
          String(found.episode),
          found.task,
          String(found.seed),
          found.recorded,
          found.replayed,
          found.deviation,
        ]),
      ),
    );
    const same = replays.filter(({ recorded, replayed }) => recorded === replayed).length;
    console.log(`${same} of ${replays.length} end as they were recorded`);
    if (same < replays.length) process.exitCode = 1;
  } finally {
    await dataset.close();
  }
}

/** Repeats an episode on the arm of a robot file. */
async function replayReally(dataset: LeRobotDataset, episode: string, path: string): Promise<void> {
  const index = Number(episode);
  if (!dataset.episodes[index])
    throw new PistarError("bad-option", `Expected the number of an episode to replay on an arm, got "${episode}"`);
  const file = readRobotFile(path);
  const unit = await unitsOfDataset(
    dataset,
    jointNames.map((name) => `${name}.pos`),
  );
  if (unit && unit !== file.units)
    throw new PistarError(
      "wrong-layout",
      `${dataset.root}: its joints are ${unit}, those of ${path} are ${file.units}; set "units" there`,
    );
  if (!unit) warn(`nothing tells the unit of ${dataset.root}: taken as ${file.units}, as in ${path}`);
  const arm = await openArm(file, { setting: anySetting, say: (text) => console.error(text) });
  let end: "off" | "hold" = "hold";
  try {
    const deviation = await replayOnArm(dataset, index, arm.robot);
    console.log(`episode ${index}: a joint was at most ${exact(deviation)} from its recorded place`);
    end = "off";
  } finally {
    await arm.close(end);
  }
}

/** Sides of the films' pictures of each camera. */
const side = 240;

/** Replays an episode in its task's world. Only the film is rendered. */
async function replayOnto(film: Film | undefined, dataset: LeRobotDataset, index: number): Promise<Replay> {
  const { task: name, difficulty, randomise } = assignmentOf(dataset, index);
  const task = taskNamed(name);
  const world = await createTaskWorld(task, { difficulty, randomise, fps: dataset.fps, cameras: [] });
  try {
    const cameras = dataset.cameras.map((feature) => feature.replace("observation.images.", ""));
    const look = () => film?.add(cameras.map((camera) => world.look({ name: camera, width: side, height: side })));
    const found = await replayEpisode(dataset, index, { robot: world, operator: judging(task, world) }, look);
    await film?.finish();
    return found;
  } finally {
    await world.close();
  }
}

/** With several episodes each has its number in the name. */
function filmPath(out: string, episode: number, episodes: number): string {
  if (episodes === 1) return out;
  const { dir, name, ext } = parse(out);
  return join(dir, `${name}-${String(episode).padStart(3, "0")}${ext}`);
}
