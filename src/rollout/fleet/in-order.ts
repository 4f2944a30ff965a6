// Jobs over worker threads, with their results in the order of the jobs. So any number of workers gives the same results.
import { WorkerEnded } from "../../system/index.ts";

/** One worker: a thread, usually. */
export interface FleetWorker<Job, Result> {
  /** @throws WorkerEnded if it died of this job; any other error ends the run */
  run(job: Job): Promise<Result>;
  close(): Promise<void>;
}

export interface FleetOptions<Job, Result> {
  readonly workers: number;
  /** Opens a worker. A dead one is replaced. */
  open(): FleetWorker<Job, Result>;
  /** The result of a job whose worker died. */
  lost(job: Job, why: string): Result;
  /** Takes each result, in the order of the jobs, one at a time. */
  onResult(result: Result): void | Promise<void>;
  /** Ends the run early: jobs in progress finish and are delivered, no more begin. */
  readonly signal?: AbortSignal | undefined;
}

/** Most jobs per worker, finished or in progress, beyond the next one to deliver. */
const ahead = 4;

/**
 * Does all jobs. A worker that dies loses only its own job; another worker takes its place.
 * @throws RangeError for a wrong number of workers; what a worker or `onResult` throws
 */
export async function runInOrder<Job, Result>(
  jobs: readonly Job[],
  { workers, open, lost, onResult, signal }: FleetOptions<Job, Result>,
): Promise<void> {
  if (!(Number.isInteger(workers) && workers >= 1))
    throw new RangeError(`Expected a number of workers from 1 up, got ${workers}`);
  const done = new Map<number, { readonly result: Result }>();
  let [begun, delivered] = [0, 0];
  let failure: Error | undefined;
  /** Workers that wait for room ahead. */
  const waiting: (() => void)[] = [];
  let delivering = Promise.resolve();

  const wake = () => {
    for (const resume of waiting.splice(0)) resume();
  };
  const deliver = async () => {
    for (let next = done.get(delivered); next && !failure; next = done.get(delivered)) {
      done.delete(delivered);
      await onResult(next.result);
      delivered++;
      wake();
    }
  };
  const fail = (error: unknown) => {
    failure ??= error as Error;
    wake();
  };

  /** The work of one worker and of its replacements. */
  async function work(): Promise<void> {
    let worker: FleetWorker<Job, Result> | undefined;
    try {
      for (;;) {
        while (begun - delivered >= ahead * workers && !failure)
          await new Promise<void>((resume) => waiting.push(resume));
        if (failure || signal?.aborted || begun >= jobs.length) return;
        const at = begun++;
        const job = jobs[at]!;
        worker ??= open();
        try {
          done.set(at, { result: await worker.run(job) });
        } catch (error) {
          if (!(error instanceof WorkerEnded)) throw error;
          done.set(at, { result: lost(job, error.message) });
          worker = undefined;
        }
        delivering = delivering.then(deliver).catch(fail);
      }
    } catch (error) {
      fail(error);
    } finally {
      await worker?.close();
    }
  }

  await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, work));
  await delivering;
  if (failure) throw failure;
}
