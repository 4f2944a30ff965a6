// What collecting and evaluating take: flat schemas from which the commands' flags come.
import * as z from "zod";

const count = z.int().min(1);
const seconds = z.number().gt(0);

/** Who acts, and how its action chunks are executed. */
const driving = {
  policy: z
    .string()
    .default("demonstrator")
    .describe("demonstrator, random, still, a trained or exported policy's folder, a policy server's URL, or a module"),
  guidance: z
    .number()
    .min(0)
    .optional()
    .describe("β of classifier-free guidance of a trained policy (default: 1, none; an exported one's own)"),
  advantage: z
    .enum(["positive", "negative", "none"])
    .optional()
    .describe("what a trained policy is asked for (default: positive, where it was trained with advantages)"),
  denoisingSteps: count
    .optional()
    .describe("Euler steps in which a trained policy makes an action chunk (default: 5; an exported one's own)"),
  layout: z
    .string()
    .optional()
    .describe(
      "keys of a policy server's observations: so101, libero, aloha, droid or a JSON file (default: what the server announces, else so101)",
    ),
  executeSteps: count.default(8).describe("actions of a chunk that are executed before those of the next one are"),
  latency: z
    .number()
    .min(0)
    .default(0)
    .describe("seconds of the robot's time from asking the policy to its answer, 0.1 and more for a large model"),
  chunking: z
    .enum(["sync", "async", "rtc"])
    .default("async")
    .describe(
      "while the next chunk is computed, sync: hold still; async: go on with the present one, then jump; rtc: go on, and have the next one continue it (real-time chunking; trained policies and pistar's servers can)",
    ),
  deadline: seconds.default(30).describe("seconds of real time after which an answer is not waited for"),
};

export const drivingOptions = z.object({
  ...driving,
  supervisor: z.enum(["none", "scripted"]).default("none").describe("who watches and takes over"),
});

const seed = z.int().min(0);
const episodes = {
  episodes: count.default(20).describe("episodes of each task"),
  difficulty: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("how far objects are spread over the table, 0 to 1 (default: the task's usual, see pistar tasks)"),
  randomise: z.boolean().default(false).describe("vary light and colours from episode to episode"),
  workers: count.default(2).describe("threads that run episodes"),
};

export const collectOptions = z.object({
  task: z.string().default("cube-in-bowl").describe("task to collect episodes of (pistar tasks lists them)"),
  ...drivingOptions.shape,
  ...episodes,
  // An evaluation begins at 0: by themselves the two commands never run the same episodes.
  seed: seed
    .default(1_000_000)
    .describe("of the first episode; the others follow, and no evaluation should be of them"),
  out: z.string().describe("folder of the dataset, made or appended to"),
});

export const evaluateOptions = z.object({
  task: z.array(z.string()).min(1).default(["cube-in-bowl"]).describe("tasks to evaluate on"),
  ...driving,
  ...episodes,
  seed: seed.default(0).describe("of the first episode; the others follow, and no training should have seen them"),
  resetSeconds: z.number().min(0).default(10).describe("robot time that a reset costs, for throughput"),
});

/** How episodes are driven. */
export type Driving = z.infer<typeof drivingOptions>;
