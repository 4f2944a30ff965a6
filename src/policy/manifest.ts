// The manifest of an exported policy, for its users without pistar: a JSON file in snake_case, as in LeRobot.
import { join } from "node:path";
import * as z from "zod";
import { units } from "../robot/index.ts";
import { checked, PistarError, readJsonAs } from "../system/index.ts";
import type { DType } from "../tensor/index.ts";

export const manifestFile = "manifest.json";

/** Element types of inputs and outputs under NumPy's names. */
export const dtypes = { float32: "f32", int32: "i32", uint8: "u8", bool: "bool" } as const;
type Name = keyof typeof dtypes;
const dtypeNames = Object.keys(dtypes) as Name[];

/** A type of an exported graph's inputs and outputs. */
export const dtypeName = (dtype: DType): Name => dtypeNames.find((name) => dtypes[name] === dtype)!;

const numbers = z.array(z.number()).min(1);
const scales = z.array(z.number().gt(0)).min(1);
const text = z.string().min(1);
const count = z.int().min(1);
const tensors = z
  .array(z.object({ name: text, dtype: z.enum(dtypeNames), shape: z.array(count), about: z.string() }))
  .min(1);

/** Format number. A change that earlier versions of pistar would misread raises it. */
const formatVersion = 1;

/** Unknown fields are left alone: others may add their own. A change in the model's meaning raises `format_version`. */
const manifestSchema = z.object({
  format: z.literal("pistar-policy"),
  format_version: z.literal(formatVersion),
  /** For people. */
  about: z.string(),
  /** Files beside this one. */
  model: text,
  tokenizer: text,
  inputs: tensors,
  outputs: tensors,
  robot_type: z.string().nullable(),
  /** Actions a second. */
  fps: z.number().gt(0),
  horizon: count,
  cameras: z.array(text),
  image_size: count,
  state_names: z.array(text).min(1),
  action_names: z.array(text).min(1),
  /** Unit of an SO-101's body joints; absent if nothing tells. */
  units: z.enum(units).optional(),
  denoising_steps: count,
  guidance: z.number().min(0),
  advantage: z.enum(["positive", "negative", "none"]),
  /** How chunks continue the one in execution, if they can. A trained policy takes delays up to `max_delay` steps. */
  continuation: z
    .discriminatedUnion("mode", [
      z.object({ mode: z.literal("trained"), max_delay: count }),
      z.object({ mode: z.literal("guided") }),
    ])
    .optional(),
  prompt: z.object({
    /**
     * "{task}" stands for the instruction. "{state}", if present, stands for the normalised state in 256 bins from −1
     * to 1, between spaces.
     */
    template: text,
    /** The prompt without indicator, for guidance. */
    unconditioned_template: text.optional(),
    begin_token: z.int().min(0),
    pad_token: z.int().min(0),
  }),
  /**
   * x = (robot's − center) / scale. policy.onnx applies it, and adds the state to relative actions. A "{state}" in the
   * prompt needs it too.
   */
  normalization: z.object({
    inside_model: z.literal(true),
    state: z.object({ center: numbers, scale: scales }),
    actions: z.object({ center: numbers, scale: scales, delta: z.array(z.boolean()).min(1) }),
  }),
  /** Observation keys for clients of `pistar serve`. */
  observation_layout: z.unknown().optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/**
 * Reads an exported policy's manifest.
 * @throws PistarError naming file and field: missing-file, damaged-file, or newer-format
 */
export function readManifest(folder: string): Manifest {
  const path = join(folder, manifestFile);
  const json = readJsonAs(z.looseObject({}), path);
  if (typeof json.format_version === "number" && json.format_version > formatVersion)
    throw new PistarError(
      "newer-format",
      `${path}: expected format_version ${formatVersion}, got ${json.format_version}: a newer pistar exported this policy`,
      { path },
    );
  const manifest = checked(manifestSchema, json, path);
  checkParts(path, manifest);
  return manifest;
}

/** Fails if parts of a manifest contradict one another. */
function checkParts(path: string, { state_names, action_names, normalization, outputs, horizon }: Manifest): void {
  const { state, actions } = normalization;
  const lengths: [field: string, expected: number, got: number][] = [
    ["normalization.state.center", state_names.length, state.center.length],
    ["normalization.state.scale", state_names.length, state.scale.length],
    ["normalization.actions.center", action_names.length, actions.center.length],
    ["normalization.actions.scale", action_names.length, actions.scale.length],
    ["normalization.actions.delta", action_names.length, actions.delta.length],
  ];
  const wrong = lengths.find(([, expected, got]) => expected !== got);
  const chunk = outputs.find(({ name }) => name === "actions")?.shape;
  const message = wrong
    ? `${wrong[0]}: expected ${wrong[1]} numbers, got ${wrong[2]}`
    : String(chunk) !== String([1, horizon, action_names.length])
      ? `outputs: expected actions of shape [1, ${horizon}, ${action_names.length}], got ${chunk ? `[${chunk.join(", ")}]` : "none"}`
      : undefined;
  if (message !== undefined) throw new PistarError("damaged-file", `${path}: ${message}`, { path });
}
