// Keys of the terminal, one by one. A foot pedal is a keyboard.
import { emitKeypressEvents } from "node:readline";
import { PistarError } from "../../system/index.ts";
import type { Keys } from "./person.ts";

export interface TerminalKeys extends Keys {
  /** Waits for a key. Ctrl-C ends it too. */
  wait(key: string): Promise<void>;
}

interface Key {
  readonly name?: string | undefined;
  readonly ctrl?: boolean;
}

/**
 * Listens for keys until it is closed.
 * @throws PistarError unavailable without a terminal
 */
export function terminalKeys(): TerminalKeys {
  const { stdin } = process;
  if (!stdin.isTTY)
    throw new PistarError("unavailable", "a person judges a real arm by keys, and this is no terminal: run it in one");
  const pressed: string[] = [];
  const waiting = new Map<string, () => void>();
  const onKey = (_: unknown, { name = "", ctrl }: Key) => {
    // A raw terminal does not turn Ctrl-C into a signal.
    if (ctrl && name === "c") {
      process.kill(process.pid, "SIGINT");
      for (const resume of waiting.values()) resume();
      waiting.clear();
      return;
    }
    const resume = waiting.get(name);
    waiting.delete(name);
    if (resume) resume();
    else pressed.push(name);
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on("keypress", onKey);
  return {
    next: () => pressed.shift(),
    wait: (key) => new Promise((resolve) => waiting.set(key, resolve)),
    close() {
      stdin.off("keypress", onKey);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
