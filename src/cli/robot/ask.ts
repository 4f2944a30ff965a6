// Questions to the person at the terminal.
import { createInterface } from "node:readline/promises";
import { PistarError } from "../../system/index.ts";

export interface Dialogue {
  /** Waits for a line. */
  ask(question: string): Promise<string>;
  /** Waits for Enter, and meanwhile calls `meanwhile` again and again. */
  enterWhile(question: string, meanwhile: () => Promise<void>): Promise<void>;
}

/** Runs `work` with someone to ask. @throws PistarError unavailable if the input ends */
export async function withDialogue<T>(work: (dialogue: Dialogue) => Promise<T>): Promise<T> {
  const lines = createInterface({ input: process.stdin, terminal: false });
  const queue: string[] = [];
  let wake: (() => void) | undefined;
  let ended = false;
  lines.on("line", (line) => {
    queue.push(line);
    wake?.();
  });
  lines.on("close", () => {
    ended = true;
    wake?.();
  });
  const line = async () => {
    if (queue.length === 0 && !ended)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    wake = undefined;
    if (queue.length > 0) return queue.shift()!;
    throw new PistarError("unavailable", "expected an answer, and the input has ended; run it in a terminal");
  };
  try {
    return await work({
      ask(question) {
        process.stderr.write(question);
        return line();
      },
      async enterWhile(question, meanwhile) {
        console.error(question);
        let done = false;
        const answered = line().finally(() => {
          done = true;
        });
        answered.catch(() => {});
        while (!done) await meanwhile();
        await answered;
      },
    });
  } finally {
    lines.close();
    process.stdin.unref?.();
  }
}
