// The thread side of `parallel.ts`: runs episodes one after the other.
import { serveWorker } from "../../system/index.ts";
import { type Assignment, EpisodeRunner, type Finished, type Lost, type RunnerOptions } from "./episode-runner.ts";

const work = (options: RunnerOptions) => {
  const runner = new EpisodeRunner(options);
  return {
    /** @throws where no episode can be run at all */
    async run(assignment: Assignment): Promise<Finished | Lost> {
      await runner.prepare(assignment);
      try {
        return await runner.run(assignment);
      } catch (error) {
        return { ...assignment, lost: (error as Error).message };
      }
    },
    close: () => runner.close(),
  };
};

export type EpisodeWork = typeof work;
serveWorker(work);
