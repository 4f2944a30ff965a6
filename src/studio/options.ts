// Options of the studio: a flat schema. The command's flags come from it.
import * as z from "zod";
import { collectOptions, drivingOptions } from "../rollout/index.ts";

const { supervisor: _, ...driving } = drivingOptions.shape;
const { task, difficulty, randomise, out } = collectOptions.shape;

export const studioOptions = z.object({
  task,
  ...driving,
  value: z
    .string()
    .optional()
    .describe("folder of a value function; the page then shows the value and its last ten seconds"),
  out: out.default("data/studio").describe("folder of the dataset; it is created, or episodes are appended"),
  difficulty,
  randomise,
  seed: z.int().min(0).default(2_000_000).describe("seed of the first episode; the others follow"),
  timeLimit: z
    .number()
    .gt(0)
    .default(90)
    .describe("seconds after which an episode without success is a failure; a person needs longer than a policy"),
  host: z
    .string()
    .default("127.0.0.1")
    .describe("address to listen on; with another than this machine's own, the printed address has a key"),
  port: z.int().min(0).max(65535).default(8090).describe("port to listen on; 0 takes a free one"),
});
