// One process at a time works on a run. Two would train the same stage beside one another.
import { join } from "node:path";
import { holdLock } from "../system/index.ts";
import type { Run } from "./run.ts";

/**
 * Does the work under a lock on the run's folder.
 * @throws PistarError "busy-lock" naming the holder's process
 */
export async function asOnlyWriter<Result>(
  { folder }: Pick<Run, "folder">,
  work: () => Promise<Result>,
): Promise<Result> {
  const release = holdLock(join(folder, "lock"), folder);
  try {
    return await work();
  } finally {
    release();
  }
}
