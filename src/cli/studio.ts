// pistar studio: the web page to watch, take over and record.
import type { Command } from "commander";
import { openStudio, studioOptions } from "../studio/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { onInterrupt } from "./interrupt.ts";

const essential = ["task", "policy", "value", "out"];

export function addStudio(command: Command): void {
  command.description("Open a web page to watch a policy, take over by mouse, keys or gamepad, and record episodes.");
  addFlags(command, studioOptions, essential);
  explain(command, {
    text: [
      "The page runs in any browser on this machine and needs no network. Episodes are recorded as pistar collect records them, into the " +
        "dataset of --out; the frames in which you act are marked as corrections.",
      "Releasing the mouse or the key stops the hand at once. The arm holds still when the page loses the focus or the connection.",
      "The page moves a robot. It is open to this machine alone, unless --host names another address; then the printed address has a key.",
    ],
    examples: [
      "pistar studio",
      "# a policy of a run, and the value function of its task",
      "pistar studio --task cube-in-bowl --policy runs/recap --value runs/value",
    ],
  }).action(studio);
}

async function studio(flags: Record<string, unknown>): Promise<void> {
  const options = fromFlags(studioOptions, flags);
  const opened = await openStudio(options);
  console.log(
    `studio: ${opened.url}\n${options.task} with ${options.policy}, recorded into ${options.out}; Ctrl-C ends it`,
  );
  await new Promise<void>((resolve) => onInterrupt(() => resolve()));
  await opened.close();
}
