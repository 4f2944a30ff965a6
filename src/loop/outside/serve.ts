// The policies of an outside trainer act through its server, which runs as long as a stage needs it.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { openPolicy } from "../../policy/index.ts";
import { layouts, NoAnswerError, type ServablePolicy, stateSize } from "../../serve/index.ts";
import { located } from "../../system/index.ts";
import type { OpenedArm } from "../extraction/arm.ts";
import { type RunningCommand, startCommand } from "./command.ts";
import { fill } from "./template.ts";
import { type OutsideRun, trainedBy } from "./train.ts";

/** Seconds for a server to load its policy, and for an answer. */
const patience = { ready: 600, answer: 10 };

/** A policy that can be asked now. */
export type ServedArm = OpenedArm & { readonly layout?: string; readonly deadline?: number };

/**
 * Does the work with a policy that can be asked. A policy of an outside trainer is served meanwhile; any other is handed on as it is.
 * @param stage names the server's log
 * @param work is stopped by its signal if the server ends before it
 * @throws PistarError command-failed with the end of the server's log
 */
export async function served<Result>(
  run: OutsideRun,
  stage: string,
  opened: OpenedArm,
  work: (opened: ServedArm, signal: AbortSignal | undefined) => Promise<Result>,
): Promise<Result> {
  const { server, layout, answerWithin = patience.answer, readyWithin = patience.ready } = run.options;
  if (server === undefined) return work(opened, run.signal);
  const asked = { ...opened, ...(layout !== undefined && { layout }), deadline: answerWithin };
  if (/^wss?:\/\//.test(opened.policy)) return work(asked, run.signal);
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}`;
  const name = `${stage}.serve`;
  const command = startCommand(run.folder, name, servingCommand(run, name, trainedBy(opened.policy), port));
  const gone = new AbortController();
  let how: number | NodeJS.Signals | undefined;
  command.ended.then(
    (end) => {
      how = end;
      gone.abort(new Error("its server has ended"));
    },
    () => gone.abort(new Error("its server could not be started")),
  );
  const failure = () =>
    command.failure(
      `the server ended ${how === undefined ? "" : `with ${typeof how === "number" ? `exit code ${how}` : how} `}before its work was done`,
    );
  const signal = run.signal ? AbortSignal.any([run.signal, gone.signal]) : gone.signal;
  try {
    await untilReady(run, stage, {
      url,
      command,
      signal,
      seconds: readyWithin,
      ...(layout !== undefined && { layout }),
    });
    return await work({ ...asked, policy: url }, signal);
  } catch (error) {
    run.signal?.throwIfAborted();
    throw gone.signal.aborted ? failure() : error;
  } finally {
    await command.stop();
  }
}

/** The server's command for a checkpoint, as it is run. */
export const servingCommand = (
  run: Pick<OutsideRun, "options">,
  name: string,
  checkpoint: string,
  port: number | string,
): string => fill(run.options.server!, { checkpoint, port, name });

interface Waiting {
  readonly url: string;
  readonly command: RunningCommand;
  readonly signal: AbortSignal;
  readonly seconds: number;
  readonly layout?: string;
}

/** Waits until the server answers an observation: the first answer of a compiling server takes longest. */
async function untilReady(
  { listener }: OutsideRun,
  stage: string,
  { url, command, signal, seconds, layout }: Waiting,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const left = () => Math.max(1, (end - performance.now()) / 1000);
  for (;;) {
    signal.throwIfAborted();
    let policy: ServablePolicy;
    try {
      policy = await openPolicy(url, { layout, deadline: left() });
    } catch (error) {
      if (!(error instanceof NoAnswerError) || error.reason === "server error") throw error;
      if (performance.now() > end)
        throw command.failure(`the server was not ready within ${seconds} s (${error.message})`);
      listener.onProgress?.(stage, 0, 0, "the server loads its policy");
      await sleep(500, undefined, { signal }).catch(() => {});
      continue;
    }
    try {
      await policy.infer(probe(policy));
      return;
    } catch (error) {
      signal.throwIfAborted();
      throw located(`${url}: the server is there, but does not answer an observation (see --layout)`, error);
    } finally {
      await policy.close();
    }
  }
}

/** An observation in the server's keys: black pictures, a state of zeros. */
function probe({ observationLayout: layout = layouts.so101 }: ServablePolicy) {
  const side = 224;
  const black = { width: side, height: side, data: new Uint8Array(side * side * 3) };
  return {
    images: Object.fromEntries(Object.keys(layout.images).map((camera) => [camera, black])),
    state: new Float32Array(stateSize(layout)),
    task: "wait",
  };
}

/** A port of this machine that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
