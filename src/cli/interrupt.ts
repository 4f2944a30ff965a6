// Ctrl-C and SIGTERM for commands with something to finish first.

/** One press may arrive twice: a terminal interrupts its whole process group, and npm passes signals on. Within this time it counts once. */
const samePressMs = 1000;

/**
 * Calls `stop` at the first SIGINT or SIGTERM. A second signal, more than a second later, ends the process.
 * @returns a function to end this watch
 */
export function onInterrupt(stop: (signal: NodeJS.Signals) => void): () => void {
  let since: number | undefined;
  const heard = (signal: NodeJS.Signals) => {
    if (since === undefined) {
      since = performance.now();
      stop(signal);
    } else if (performance.now() - since > samePressMs) {
      end();
      process.kill(process.pid, signal);
    }
  };
  const end = () => void process.off("SIGINT", heard).off("SIGTERM", heard);
  process.on("SIGINT", heard).on("SIGTERM", heard);
  return end;
}

/** Runs a training. The first Ctrl-C stops it after the step in progress, with a checkpoint; a second one ends the process at once. */
export async function stoppable<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const stopping = new AbortController();
  const endWatch = onInterrupt((signal) => {
    console.error("Stopping after the step in progress; press again to stop at once.");
    process.exitCode = signal === "SIGINT" ? 130 : 143;
    stopping.abort(new Error("stopped; the same command with --resume goes on"));
  });
  try {
    return await work(stopping.signal);
  } finally {
    endWatch();
  }
}
