import { afterEach, expect, test } from "vitest";
import { PistarError, transfer, WorkerEnded, WorkerThread } from "../../src/system/index.ts";
import type { OddWork } from "./odd-worker.ts";

let threads: WorkerThread<OddWork>[] = [];
function start(input: Parameters<OddWork>[0] = { base: 10 }) {
  const thread = new WorkerThread<OddWork>(import.meta.url, "./odd-worker", { name: "The odd worker", input });
  threads.push(thread);
  return thread;
}
afterEach(async () => {
  await Promise.all(threads.map((thread) => thread.close()));
  threads = [];
});

test("several questions at once are answered in their order, one at a time", async () => {
  const thread = start();
  const [first, second, sum] = [
    thread.ask("after", { name: 1, milliseconds: 30 }),
    thread.ask("after", { name: 2, milliseconds: 0 }),
    thread.ask("add", 5),
  ];
  expect(await Promise.all([first, second, sum])).toEqual([[1], [1, 2], 15]);
});

test("an error reaches the asker with class, message, cause and properties, and the thread goes on", async () => {
  const thread = start();
  const error: unknown = await thread.ask("fail", "too-large").catch((reason) => reason);
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({
    message: "Expected less",
    code: "too-large",
    path: "/a/b",
    cause: { message: "because" },
  });
  const missing = await thread.ask("readMissing", "/nowhere").catch((reason) => reason);
  expect(missing).toBeInstanceOf(PistarError);
  expect(missing).toMatchObject({ code: "missing-file", path: "/nowhere" });
  await expect(thread.ask("unsendable", undefined)).rejects.toMatchObject({
    name: "DataCloneError",
    message: expect.stringContaining("could not be cloned"),
  });
  expect(await thread.ask("add", 1)).toBe(11);
});

test("a thread that cannot open answers every question with the reason", async () => {
  const thread = start({ base: 0, broken: "no such file" });
  for (const x of [1, 2])
    await expect(thread.ask("add", x)).rejects.toMatchObject({ message: "no such file", code: "broken" });
  await thread.close(5);
});

test("transferred memory moves both ways; other memory is copied", async () => {
  const thread = start();
  const [moved, copied] = [Float32Array.of(1, 2), Float32Array.of(1, 2)];
  const answers = await Promise.all([thread.ask("grow", transfer(moved)), thread.ask("grow", copied)]);
  for (const answer of answers) expect(answer).toEqual({ numbers: Float32Array.of(11, 12), size: 2 });
  expect([moved.length, copied.length]).toEqual([0, 2]);
});

test("what a thread tells comes before its answer, to whoever asked", async () => {
  const thread = start();
  const told: string[] = [];
  const count = (name: string, to: number) =>
    thread
      .ask("count", to, { onNotice: ({ at }) => told.push(`${name}${at}`) })
      .then((answer) => told.push(name + answer));
  await Promise.all([count("a", 2), count("b", 1)]);
  expect(told).toEqual(["a1", "a2", "acounted", "b1", "bcounted"]);
});

test("an aborted question fails with the signal's reason, in progress or not yet begun", async () => {
  const thread = start();
  const stop = new AbortController();
  const asked = [
    thread.ask("untilStopped", undefined, { signal: stop.signal }),
    thread.ask("add", 1, { signal: stop.signal }),
    thread.ask("add", 2),
  ];
  stop.abort(new Error("enough"));
  const results = await Promise.allSettled([...asked, thread.ask("add", 3, { signal: stop.signal })]);
  const enough = { status: "rejected", reason: stop.signal.reason };
  expect(results).toEqual([enough, enough, { status: "fulfilled", value: 12 }, enough]);
});

test("a thread that dies in the middle fails all that waits and all that is asked later, with exit code and cause", async () => {
  const exits = start();
  const waiting = [exits.ask("add", 1), exits.ask("exit", 7), exits.ask("add", 2)];
  const [answered, ...lost] = await Promise.allSettled([...waiting]);
  expect(answered).toEqual({ status: "fulfilled", value: 11 });
  for (const { status, ...rest } of lost)
    expect([status, rest]).toEqual(["rejected", { reason: expect.any(WorkerEnded) }]);
  await expect(exits.ask("add", 3)).rejects.toThrow(new Error("The odd worker ended (exit code 7)"));

  const throws = start();
  await throws.ask("throwOutside", "out of nowhere");
  const error = await throws.ask("untilStopped", undefined).catch((reason: Error) => reason);
  expect(error.message).toBe("The odd worker ended (exit code 1): out of nowhere");
  expect(error.cause).toBeInstanceOf(TypeError);
});

test("closing with grace waits for what was asked and for the thread's own close", async () => {
  const thread = start();
  const mark = new SharedArrayBuffer(1);
  const asked = [thread.ask("markClose", mark), thread.ask("after", { name: 1, milliseconds: 20 })];
  await thread.close(30);
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  expect(new Uint8Array(mark)[0]).toBe(1);
});

test("closing a busy thread ends it when the grace is over, and fails what waits", async () => {
  for (const grace of [0, 0.05]) {
    const thread = start();
    expect(await thread.ask("add", 1)).toBe(11);
    const endless = thread.ask("untilStopped", undefined).catch((reason) => reason);
    await thread.close(grace);
    expect(await endless).toEqual(new Error("The odd worker ended (exit code 1)"));
    await thread.close(grace);
  }
});
