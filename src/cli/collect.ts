// pistar collect: episodes recorded into a dataset.
import type { Command } from "commander";
import { collect, collectOptions } from "../rollout/index.ts";
import { interruptible, robotFlag, stationsOf, warnOfEpisodes } from "./episodes.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { withProgress } from "./progress.ts";

const essential = ["out", "task", "policy", "supervisor", "episodes", "seed"];

export function addCollect(command: Command): void {
  command.description("Record episodes of a policy or of a demonstrator into a LeRobot dataset.");
  addFlags(command, collectOptions, essential).option(...robotFlag);
  explain(command, {
    text: [
      "A seed names an episode. Episodes that the dataset holds already are not run again: a collection that was stopped goes on where it was.",
    ],
    examples: [
      "# demonstrations by the task's script",
      "pistar collect --out data/demos --task cube-in-bowl --episodes 20",
      "# a policy, watched by a supervisor who corrects it",
      "pistar collect --out data/rollouts --policy runs/policy --supervisor scripted",
    ],
  }).action(collectEpisodes);
}

async function collectEpisodes(flags: Record<string, unknown> & { robot?: string }): Promise<void> {
  const { robot } = flags;
  const options = fromFlags(collectOptions, flags);
  const { before, collected, lost } = await interruptible(
    (signal) =>
      withProgress(`collecting ${options.task}`, (progress) =>
        collect({ ...options, stations: stationsOf(robot), progress, signal }),
      ),
    robot,
  );
  const successes = collected.filter(({ outcome }) => outcome === "success").length;
  const discarded = collected.filter(({ outcome }) => outcome === "discarded").length;
  const parts = [
    `${options.out}: ${collected.length - discarded} episodes more, ${successes} of them successes`,
    ...(before > 0 ? [`${before} were there`] : []),
    ...(discarded > 0 ? [`${discarded} discarded`] : []),
    ...(lost.length > 0 ? [`${lost.length} lost (run it again to try them again)`] : []),
  ];
  console.log(parts.join("; "));
  warnOfEpisodes(lost, collected);
}
