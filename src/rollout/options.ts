// Options of collecting and evaluating: flat schemas. The commands' flags come from them.
import * as z from "zod";
import { continuationFlags } from "../serve/index.ts";
import { chunkDefaults } from "./policy-driver.ts";

const count = z.int().min(1);
const seconds = z.number().gt(0);

/** Who acts, and how its action chunks are executed. */
const driving = {
  policy: z
    .string()
    .default("demonstrator")
    .describe(
      "demonstrator, random, still, the folder of a trained or exported policy, the URL of a policy server, or a module",
    ),
  guidance: z
    .number()
    .min(0)
    .optional()
    .describe("β of classifier-free guidance; 1 means none (default: 1, or the exported policy's own)"),
  advantageIndicator: z
    .enum(["positive", "negative", "none"])
    .optional()
    .describe("advantage in the prompt (default: positive for a policy that was trained with advantages, else none)"),
  denoisingSteps: count
    .optional()
    .describe("Euler steps for an action chunk (default: 5, 10 for π0.5's network, or the exported policy's own)"),
  layout: z
    .string()
    .optional()
    .describe(
      "keys of a policy server's observations: so101, libero, aloha, droid or a JSON file (default: what the server announces, else so101)",
    ),
  subtaskRate: z
    .number()
    .gt(0)
    .default(chunkDefaults.subtaskRate)
    .describe("how often a policy that was trained with --subtasks says what it does next, per second"),
  executeSteps: count
    .default(chunkDefaults.executeSteps)
    .describe("actions of a chunk to execute before the next chunk takes over"),
  latency: z
    .number()
    .min(0)
    .default(0)
    .describe("seconds of robot time between question and answer, 0.1 and more for a large model"),
  chunking: z
    .enum(["sync", "async", "rtc"])
    .default(chunkDefaults.chunking)
    .describe(
      "while the next chunk is computed: sync holds still; async goes on with the present chunk, then jumps; rtc goes on and the next chunk continues it (real-time chunking, for trained policies and pistar's servers)",
    ),
  ...continuationFlags,
  deadline: seconds.default(chunkDefaults.deadline).describe("longest wait for an answer, seconds of real time"),
};

export const drivingOptions = z.object({
  ...driving,
  supervisor: z
    .enum(["none", "scripted", "person"])
    .default("none")
    .describe("who watches and takes over: nobody, the task's script in simulation, or a person beside a real arm"),
});

const seed = z.int().min(0);
const episodes = {
  episodes: count.default(20).describe("episodes of each task"),
  difficulty: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("spread of the objects over the table, 0 to 1 (default: the task's usual, see pistar tasks)"),
  randomise: z.boolean().default(false).describe("vary light and colours from episode to episode"),
  workers: count.default(2).describe("threads that run episodes"),
};

export const collectOptions = z.object({
  task: z.string().default("cube-in-bowl").describe("task to collect episodes of (pistar tasks lists them)"),
  ...drivingOptions.shape,
  ...episodes,
  // An evaluation begins at 0. By default the two commands never run the same episodes.
  seed: seed
    .default(1_000_000)
    .describe("seed of the first episode; the others follow. Keep these seeds apart from an evaluation's"),
  out: z.string().describe("folder of the dataset; it is created, or episodes are appended"),
});

export const evaluateOptions = z.object({
  task: z.array(z.string()).min(1).default(["cube-in-bowl"]).describe("tasks to evaluate on"),
  ...driving,
  ...episodes,
  seed: seed
    .default(0)
    .describe("seed of the first episode; the others follow. Keep these seeds apart from a training's"),
  resetSeconds: z.number().min(0).default(10).describe("seconds of robot time for a reset; throughput counts them"),
});

/** Who acts in episodes, and who watches. */
export type Driving = z.infer<typeof drivingOptions>;
