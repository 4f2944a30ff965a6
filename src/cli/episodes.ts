// Shared by collect and eval: the robot, interrupts, and warnings about episodes.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Collection } from "../rollout/index.ts";
import { simulation } from "../sim/index.ts";
import { onInterrupt } from "./interrupt.ts";
import { warn } from "./terminal.ts";

export const robotFlag = [
  "--robot <file>",
  "a real SO-101 by its robot file (pistar robot setup writes one), or a JavaScript module that opens a robot of your own (see examples/own-robot)",
] as const;

/** Address of the robot's file or module. */
export const stationsOf = (robot: string | undefined): string =>
  robot === undefined ? simulation : pathToFileURL(resolve(robot)).href;

/** Warns of lost episodes, and of late or wrong answers by a policy. */
export function warnOfEpisodes(lost: Collection["lost"], collected: Collection["collected"]): void {
  for (const { task, seed, lost: why } of lost) warn(`lost: ${task}, seed ${seed}: ${why}`);
  for (const { seed, troubles } of collected)
    for (const { step, kind, message } of troubles.slice(0, 1))
      warn(`seed ${seed}: ${kind} at period ${step}: ${message} (${troubles.length} such)`);
}

/**
 * Runs interruptible work. The first Ctrl-C or kill finishes the episodes in progress, the second ends the process.
 * @param robot the robot's file or module, if there is one
 */
export async function interruptible<T>(
  run: (signal: AbortSignal) => Promise<T>,
  robot?: string | undefined,
): Promise<T> {
  const controller = new AbortController();
  const endWatch = onInterrupt((signal) => {
    console.error(
      robot?.endsWith(".json")
        ? "ending the episode, which is discarded, then to rest; press again to stop at once: the arm then holds its pose"
        : `${signal}: finishing the episodes in progress`,
    );
    process.exitCode = signal === "SIGINT" ? 130 : 143;
    controller.abort();
  });
  try {
    return await run(controller.signal);
  } finally {
    endWatch();
  }
}
