// pistar's policy server beside one in Python, as openpi's is: the same client asks both in turn, with two pictures of 224 × 224 and a policy
// that does nothing. The servers run as processes of their own. Prints both and the ratio; without Python's modules it says so.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type ObservationLayout, servePolicy } from "../src/serve/index.ts";
import { median, quantile } from "./median.ts";

const python = process.env.PYTHON ?? "/usr/bin/python3";
const script = fileURLToPath(new URL("./serve-peer.py", import.meta.url));
const rounds = 1500;

const layout: ObservationLayout = {
  images: { image: ["observation/image"], wrist: ["observation/wrist_image"] },
  imageOrder: "HWC",
  state: [{ key: ["observation/state"], size: 6 }],
  prompt: ["prompt"],
  actions: 6,
};

/** Milliseconds of round trips. */
interface Trips {
  readonly p50: number;
  readonly p99: number;
}

export interface BesidePython {
  readonly pistar: Trips;
  readonly python: Trips;
  /** pistar's time through Python's. */
  readonly ratio: Trips;
}

/** @returns undefined if Python or its modules are missing; the reason is printed */
export async function besidePython(): Promise<BesidePython | undefined> {
  const ours = start(process.execPath, ["--import", import.meta.resolve("tsx"), fileURLToPath(import.meta.url)]);
  const peer = start(python, [script, "server"]);
  try {
    const urls = [await firstLine(ours), await firstLine(peer)];
    const client = start(python, [script, "client", String(rounds), ...urls]);
    const [mine, theirs] = (JSON.parse(await firstLine(client)) as number[][]).map(tripsOf);
    const ratio = { p50: round(mine!.p50 / theirs!.p50), p99: round(mine!.p99 / theirs!.p99) };
    console.log(
      `One client in Python, two pictures: pistar ${mine!.p50} ms (p99 ${mine!.p99}), a Python server ${theirs!.p50} ms ` +
        `(p99 ${theirs!.p99}), ratio ${ratio.p50} (p99 ${ratio.p99})`,
    );
    return { pistar: mine!, python: theirs!, ratio };
  } catch (error) {
    console.log(`Not beside Python, ${(error as Error).message}`);
    return undefined;
  } finally {
    for (const child of [ours, peer]) child.kill();
  }
}

const round = (value: number) => Math.round(value * 1000) / 1000;
const tripsOf = (trips: number[]): Trips => ({ p50: round(median(trips)), p99: round(quantile(trips, 0.99)) });

const start = (command: string, args: readonly string[]): ChildProcess =>
  spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });

async function firstLine(child: ChildProcess): Promise<string> {
  let errors = "";
  child.stderr!.on("data", (text) => {
    errors += text;
  });
  const ended = once(child, "close").then(([code]) => {
    throw new Error(
      `${child.spawnfile} ended with ${code}: ${errors.trim().split("\n").at(-1)} (numpy, msgpack and websockets 11 or newer are needed; PYTHON names another Python)`,
    );
  });
  const failed = once(child, "error").then(([error]) => {
    throw new Error(`${child.spawnfile} did not start: ${(error as Error).message}`);
  });
  const [line] = (await Promise.race([once(createInterface(child.stdout!), "line"), ended, failed])) as [string];
  return line;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await servePolicy(
    {
      id: "nothing",
      reset: async () => {},
      infer: async ({ state }) => ({
        horizon: 50,
        actions: Float32Array.from({ length: 300 }, (_, i) => state[i % 6]!),
      }),
      close: async () => {},
    },
    { port: 0, layout },
  );
  console.log(server.url);
  process.stdin.on("end", () => process.exit()).resume();
}
