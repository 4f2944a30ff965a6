// Shared by the training commands: flags for the run's folder, and progress.
import { number } from "../system/index.ts";
import { stoppable } from "./interrupt.ts";
import { withPhases } from "./progress.ts";

export type Flags = Record<string, unknown>;

export const outFlag = ["--out <folder>", "folder of the run"] as const;
export const resumeFlag = ["--resume", "go on from the last checkpoint of a run that was stopped"] as const;
export const jsonFlag = ["--json", "print the result as JSON"] as const;

/** Shows the decoding of pictures, then the steps with their loss. */
export function withTrainingProgress<Result>(
  label: string,
  work: (callbacks: {
    onDecode: (done: number, total: number) => void;
    onProgress: (progress: { step: number; steps: number; loss: number }) => void;
    signal: AbortSignal;
  }) => Promise<Result>,
): Promise<Result> {
  return stoppable((signal) =>
    withPhases((show) =>
      work({
        signal,
        onDecode: (done, total) => show("decoding pictures").update(done, total),
        onProgress: ({ step, steps, loss }) => show(label).update(step, steps, `loss ${number(loss)}`),
      }),
    ),
  );
}
