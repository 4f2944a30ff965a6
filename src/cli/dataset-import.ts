// pistar dataset import: a LeRobot dataset from recordings in another form.
import type { Command } from "commander";
import { importHdf5 } from "../data/index.ts";
import { PistarError } from "../system/index.ts";
import { explain } from "./help.ts";
import { withProgress } from "./progress.ts";

interface ImportFlags {
  readonly task: string;
  readonly fps: number;
  readonly robotType?: string;
  readonly pictures?: boolean;
  readonly bgr?: boolean;
  readonly json?: boolean;
}

/** Adds the command to the group. */
export function addImport(group: Command): void {
  explain(
    group
      .command("import <folder> <target>")
      .description("Make a dataset of a folder of HDF5 files, an episode each, as ALOHA records them.")
      .requiredOption("--task <text>", "instruction of the episodes, such as 'put the cube into the bowl'")
      .option("--fps <number>", "frames a second; the files do not say it", Number, 50)
      .option("--robot-type <name>", "kind of robot, for info.json")
      .option("--pictures", "keep pictures as PNG in place of video")
      .option("--bgr", "exchange red and blue, for pictures that OpenCV packed without turning them")
      .option("--json", "print JSON")
      .action(importFolder),
    {
      text: [
        "observations/qpos becomes observation.state, observations/images/CAMERA becomes observation.images.CAMERA, action stays action. Other " +
          "columns with a row a frame come along. Pictures may be pixels or JPEG. Numbers become float32.",
        "The files do not say whether an episode succeeded: pistar dataset edit outcome adds it.",
      ],
      examples: ["pistar dataset import recordings/aloha data/aloha --task 'put the cube into the bowl' --fps 50"],
    },
  );
}

async function importFolder(
  folder: string,
  target: string,
  { task, fps, robotType, pictures, bgr, json }: ImportFlags,
): Promise<void> {
  if (!(fps >= 1)) throw new PistarError("bad-option", `--fps: expected a number from 1 up, got ${fps}`);
  const onNote = (text: string) => console.error(`note: ${text}`);
  const episodes = await withProgress("importing", (progress) =>
    importHdf5(folder, target, { task, fps, robotType, pictures, bgr, progress, onNote }),
  );
  console.log(json ? JSON.stringify({ target, episodes }) : `${target}: ${episodes} episodes`);
}
