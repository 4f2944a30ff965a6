// Questions to a worker thread and its answers. `WorkerThread` is the caller's side; a thread module calls `serveWorker`.
//
// A thread answers its questions one at a time, in their order. A caller may ask several at once.
// The thread module defines the questions, and both sides get their types from it:
//
//     const work = (input: Input) => ({ double: (x: number) => 2 * x });         // in double-worker.ts
//     export type Work = typeof work;
//     serveWorker(work);
//
//     const thread = new WorkerThread<Work>(import.meta.url, "./double-worker", { name: "The doubler", input });
//     await thread.ask("double", 21);
import { parentPort, Worker, workerData } from "node:worker_threads";
import { packError, unpackError } from "./error.ts";

/** The second argument of a handler. */
export interface Call<Notice = never> {
  /** Aborted when the caller gives up the question. The handler may end early by throwing. */
  readonly signal: AbortSignal;
  /** Tells the caller something before the answer. */
  notify(notice: Notice): void;
}

/** A function for each question. The one named `close` runs before `WorkerThread.close` ends the thread. */
type Handlers = Readonly<Record<string, (asked: never, call: Call<never>) => unknown>>;
/** Makes the handlers from the caller's `input`. If it fails, every question is answered with its error. */
type Work = (input: never) => Handlers | Promise<Handlers>;

type Answers<W extends Work> = Awaited<ReturnType<W>>;
type Question<W extends Work> = Exclude<keyof Answers<W>, "close"> & string;
type Asked<W extends Work, Q extends Question<W>> = Parameters<Answers<W>[Q]>[0];
type Answer<W extends Work, Q extends Question<W>> = Awaited<ReturnType<Answers<W>[Q]>>;
type Notice<W extends Work, Q extends Question<W>> = Answers<W>[Q] extends (
  asked: never,
  call: Call<infer N>,
) => unknown
  ? N
  : never;

type Message = { readonly id: number; readonly question: string; readonly asked: unknown } | { readonly abort: number };
type Reply = { readonly id: number } & (
  | { readonly answer: unknown }
  | { readonly notice: unknown }
  | ReturnType<typeof packError>
);

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
  readonly onNotice: ((notice: never) => void) | undefined;
}

/** A thread has ended. The `cause` is an error that the thread did not catch, if there is one. */
export class WorkerEnded extends Error {
  constructor(name: string, exitCode: number, cause: unknown) {
    const reason = cause === undefined ? "" : `: ${cause instanceof Error ? cause.message : cause}`;
    super(`${name} ended (exit code ${exitCode})${reason}`, { cause });
  }
}

export class WorkerThread<W extends Work> {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private readonly exited: Promise<void>;
  private ended: WorkerEnded | undefined;
  private questions = 0;

  /**
   * @param importer `import.meta.url` of the caller
   * @param module path of the thread module relative to the caller, without extension, such as "./batch-worker"
   * @param options `name` is the first word of `WorkerEnded`'s message; `input` is copied to the thread
   */
  constructor(
    importer: string,
    module: string,
    { name, input }: { readonly name: string; readonly input: Parameters<W>[0] },
  ) {
    this.worker = start(importer, module, input);
    let cause: unknown;
    this.worker.on("message", (reply: Reply) => this.take(reply));
    this.worker.on("error", (error) => {
      cause = error;
    });
    this.exited = new Promise((resolve) => {
      this.worker.on("exit", (exitCode) => {
        this.ended = new WorkerEnded(name, exitCode, cause);
        for (const { reject } of this.waiting.values()) reject(this.ended);
        this.waiting.clear();
        resolve();
      });
    });
  }

  /**
   * Asks the thread.
   * @throws the handler's error, with its message, `code` and other simple properties (a PistarError stays one); `WorkerEnded` if the thread
   * ends without an answer; the signal's reason if it is aborted
   */
  async ask<Q extends Question<W>>(
    question: Q,
    asked: Asked<W, Q>,
    { signal, onNotice }: { readonly signal?: AbortSignal; readonly onNotice?: (notice: Notice<W, Q>) => void } = {},
  ): Promise<Answer<W, Q>> {
    if (this.ended) throw this.ended;
    signal?.throwIfAborted();
    const id = this.questions++;
    this.worker.postMessage({ id, question, asked } satisfies Message, movedWith(asked));
    const abort = () => this.worker.postMessage({ abort: id } satisfies Message);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await new Promise<Answer<W, Q>>((resolve, reject) =>
        this.waiting.set(id, { resolve: resolve as Waiting["resolve"], reject, onNotice }),
      );
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Ends the thread. Questions without an answer fail with `WorkerEnded`.
   * @param grace seconds for the questions in progress and the thread's own `close`; then the thread is terminated
   */
  async close(grace = 0): Promise<void> {
    if (grace > 0) this.worker.postMessage("close");
    const timer = setTimeout(() => this.worker.terminate(), 1000 * grace);
    await this.exited;
    clearTimeout(timer);
  }

  private take(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    if ("notice" in reply) {
      waiting?.onNotice?.(reply.notice as never);
      return;
    }
    this.waiting.delete(reply.id);
    if ("answer" in reply) waiting?.resolve(reply.answer);
    else waiting?.reject(unpackError(reply));
  }
}

/** Answers the questions of the `WorkerThread` that started this thread. */
export function serveWorker(work: Work): void {
  if (!parentPort) throw new Error("Expected to run in a worker thread");
  const port = parentPort;
  const handlers = (async () => work(workerData as never))();
  handlers.catch(() => undefined); // `answer` reports it
  const running = new Map<number, AbortController>();

  async function answer(id: number, question: string, asked: unknown, signal: AbortSignal): Promise<void> {
    try {
      const handler = (await handlers)[question]!;
      signal.throwIfAborted();
      const notify = (notice: unknown) => port.postMessage({ id, notice } satisfies Reply);
      const found = await handler(asked as never, { signal, notify });
      port.postMessage({ id, answer: found } satisfies Reply, movedWith(found));
    } catch (error) {
      port.postMessage({ id, ...packError(error) } satisfies Reply);
    } finally {
      running.delete(id);
    }
  }
  async function close(): Promise<void> {
    const opened = await handlers.catch(() => undefined);
    await opened?.close?.(undefined as never, undefined as never);
    port.close();
  }

  let last = Promise.resolve();
  port.on("message", (message: Message | "close") => {
    if (message === "close") last = last.then(close);
    else if ("abort" in message) running.get(message.abort)?.abort();
    else {
      const { id, question, asked } = message;
      const controller = new AbortController();
      running.set(id, controller);
      last = last.then(() => answer(id, question, asked, controller.signal));
    }
  });
}

const moved = new WeakSet<object>();

/** Marks a question or an answer: the memory of its typed arrays is moved to the other thread, not copied. The sender can no longer use them. */
export function transfer<T extends object>(value: T): T {
  moved.add(value);
  return value;
}

/** The memory to move with a value. */
function movedWith(value: unknown): ArrayBuffer[] {
  if (typeof value !== "object" || value === null || !moved.has(value)) return [];
  const buffers = new Set<ArrayBuffer>();
  const visit = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) {
      if (part.buffer instanceof ArrayBuffer) buffers.add(part.buffer);
    } else if (typeof part === "object" && part !== null) for (const inner of Object.values(part)) visit(inner);
  };
  visit(value);
  return [...buffers];
}

/** Starts a module in a thread. A TypeScript module is read through tsx. */
function start(importer: string, module: string, input: unknown): Worker {
  if (!importer.endsWith(".ts")) return new Worker(new URL(`${module}.js`, importer), { workerData: input });
  const tsx = import.meta.resolve("tsx/esm/api");
  const file = new URL(`${module}.ts`, importer);
  const script = `import("${tsx}").then(({ register }) => { register(); return import("${file}"); })`;
  return new Worker(script, { workerData: input, eval: true });
}
