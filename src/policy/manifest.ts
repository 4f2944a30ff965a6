// What stands beside an exported policy, for whoever runs it without pistar: a JSON file in snake_case, as LeRobot's are.
import { join } from "node:path";
import * as z from "zod";
import { readJson } from "../system/index.ts";
import type { DType } from "../tensor/index.ts";

export const manifestFile = "manifest.json";

/** Element types of inputs and outputs under NumPy's names. */
export const dtypes = { float32: "f32", int32: "i32", uint8: "u8", bool: "bool" } as const;
type Name = keyof typeof dtypes;
const dtypeNames = Object.keys(dtypes) as Name[];

/** A type of an exported graph's inputs and outputs. */
export const dtypeName = (dtype: DType): Name => dtypeNames.find((name) => dtypes[name] === dtype)!;

const numbers = z.array(z.number());
const tensors = z.array(
  z.object({
    name: z.string(),
    dtype: z.enum(dtypeNames),
    shape: numbers,
    about: z.string(),
  }),
);

const manifestSchema = z.object({
  format: z.literal("pistar-policy"),
  format_version: z.literal(1),
  /** For people. */
  about: z.string(),
  /** Files beside this one. */
  model: z.string(),
  tokenizer: z.string(),
  inputs: tensors,
  outputs: tensors,
  robot_type: z.string().nullable(),
  /** Actions a second. */
  fps: z.number(),
  horizon: z.int(),
  cameras: z.array(z.string()),
  image_size: z.int(),
  state_names: z.array(z.string()),
  action_names: z.array(z.string()),
  denoising_steps: z.int(),
  guidance: z.number(),
  advantage: z.enum(["positive", "negative", "none"]),
  prompt: z.object({
    /** "{task}" stands for the instruction, "{state}", where it is there, for the normalised state in 256 bins from −1 to 1, between spaces. */
    template: z.string(),
    /** What guidance leads away from. */
    unconditioned_template: z.string().optional(),
    begin_token: z.int(),
    pad_token: z.int(),
  }),
  /** x = (robot's − center) / scale. policy.onnx does it, and adds the state where actions are deltas; a "{state}" in the prompt needs it. */
  normalization: z.object({
    inside_model: z.literal(true),
    state: z.object({ center: numbers, scale: numbers }),
    actions: z.object({ center: numbers, scale: numbers, delta: z.array(z.boolean()) }),
  }),
  /** The keys that clients of `pistar serve` use. */
  observation_layout: z.unknown().optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** @throws Error naming the file and what is wrong with it */
export function readManifest(folder: string): Manifest {
  const path = join(folder, manifestFile);
  const parsed = manifestSchema.safeParse(readJson(path));
  if (!parsed.success) throw new Error(`${path}: expected what pistar export writes: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
