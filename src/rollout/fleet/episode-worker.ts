// The thread side of `parallel.ts`: runs the episodes it is given, one after the other.
import { parentPort, workerData } from "node:worker_threads";
import { type Assignment, EpisodeRunner, type Finished, type RunnerOptions } from "./episode-runner.ts";

/** An episode to run, or that there are no more. */
export type WorkerRequest = Assignment | "close";

/** A finished episode, why one could not be run to its end, or why none can be run at all. */
export type WorkerReply = { readonly finished: Finished } | { readonly lost: string } | { readonly unable: Error };

if (!parentPort) throw new Error("Expected to run as a worker thread of runEpisodes");
const port = parentPort;
const runner = new EpisodeRunner(workerData as RunnerOptions);

port.on("message", async (request: WorkerRequest) => {
  if (request === "close") {
    await runner.close();
    port.close();
    return;
  }
  port.postMessage(await attempt(request));
});

async function attempt(assignment: Assignment): Promise<WorkerReply> {
  try {
    await runner.prepare(assignment);
  } catch (error) {
    return { unable: error as Error };
  }
  try {
    return { finished: await runner.run(assignment) };
  } catch (error) {
    return { lost: (error as Error).message };
  }
}
