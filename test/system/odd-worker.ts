// The worker of worker.test.ts: on request it answers, fails, waits, reports progress or dies.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Call, serveWorker, transfer } from "../../src/system/index.ts";

interface Input {
  readonly base: number;
  /** The message of an error on opening. */
  readonly broken?: string;
}

const work = async ({ base, broken }: Input) => {
  if (broken !== undefined) throw Object.assign(new Error(broken), { code: "broken" });
  let closed: SharedArrayBuffer | undefined;
  const answered: number[] = [];
  return {
    add: (x: number) => base + x,
    async after({ name, milliseconds }: { readonly name: number; readonly milliseconds: number }) {
      await sleep(milliseconds);
      answered.push(name);
      return answered;
    },
    grow: (numbers: Float32Array) => transfer({ numbers: numbers.map((x) => x + base), size: numbers.length }),
    unsendable: () => () => base,
    fail(code: string) {
      throw Object.assign(new RangeError("Expected less", { cause: new Error("because") }), { code, path: "/a/b" });
    },
    readMissing: (path: string) => readFileSync(path),
    count(to: number, { notify }: Call<{ readonly at: number }>) {
      for (let at = 1; at <= to; at++) notify({ at });
      return "counted";
    },
    async untilStopped(_: undefined, { signal }: Call) {
      while (!signal.aborted) await sleep(5);
      throw new Error("ended early");
    },
    exit: (code: number) => process.exit(code),
    throwOutside: (message: string) =>
      void setImmediate(() => {
        throw new TypeError(message);
      }),
    /** Writes 1 here once it is closed in good order. */
    markClose(mark: SharedArrayBuffer) {
      closed = mark;
    },
    close: () => closed && new Uint8Array(closed).fill(1),
  };
};

export type OddWork = typeof work;
serveWorker(work);
