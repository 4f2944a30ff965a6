// config.json of a checkpoint: its fields, and the check of every one of them. The file is LeRobot's, with pistar's fields beside theirs. LeRobot
// opens a π0.5, so there pistar's fields are a file of their own (lerobot-pi05.ts).
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { type PolicyConfig, policyConfigSchema, type ValueConfig, valueConfigSchema } from "../model/index.ts";
import { checked, type Fault, formatFault, PistarError, readJsonAs } from "../system/index.ts";
import type { Mode } from "./action-space.ts";
import { foldSchema } from "./fold.ts";
import { type RobotFeatures, robotFeaturesSchema } from "./robot-features.ts";

export const configFile = "config.json";
/** pistar's fields beside a config.json that is LeRobot's alone. */
export const ownFile = "pistar.json";

/** One unit of value in steps, for each task's instruction. */
const taskScaleSchema = z
  .strictObject({
    maxLength: z.int().min(1),
    stepsPerUnit: z.number().gt(0),
    failureCost: z.number().gt(0),
    bins: z.int().min(3),
  })
  .refine(({ failureCost, stepsPerUnit }) => failureCost >= stepsPerUnit, {
    path: ["failureCost"],
    message: "at least stepsPerUnit",
  });

export type TaskScales = Readonly<Record<string, z.infer<typeof taskScaleSchema>>>;

/** Format number of config.json. A change that earlier versions of pistar would misread raises it. */
export const formatVersion = 1;

const features = z.record(
  z.string(),
  z.object({ type: z.enum(["VISUAL", "STATE", "ACTION"]), shape: z.array(z.int().min(1)) }),
);
const mode = z.enum(["QUANTILES", "MEAN_STD"]);

/**
 * Common fields of config.json. Other fields beside them are left alone: LeRobot's tools and users add their own, such
 * as observation_layout. Within `network`, `robot` and `task_scales` unknown fields are refused.
 */
const common = {
  format_version: z.literal(formatVersion).default(formatVersion),
  input_features: features,
  output_features: features,
  normalization_mapping: z.object({ VISUAL: z.literal("IDENTITY"), STATE: mode, ACTION: mode }),
  robot: robotFeaturesSchema,
};
const policySchema = z.object({
  ...common,
  type: z.literal("pistar_policy"),
  chunk_size: z.int().min(1),
  n_action_steps: z.int().min(1),
  network: policyConfigSchema,
  conditioned: z.boolean(),
  subtasks: z.boolean().exactOptional(),
  rtc_training_max_delay: z.int().min(0).default(0),
});
const valueSchema = z.object({
  ...common,
  type: z.literal("pistar_value"),
  network: valueConfigSchema,
  task_scales: z.record(z.string(), taskScaleSchema),
  fold: foldSchema.optional(),
});
const types: readonly unknown[] = [policySchema.shape.type.value, valueSchema.shape.type.value];

/** LeRobot's names of the normalisation modes. */
export const modes: Readonly<Record<Mode, "QUANTILES" | "MEAN_STD">> = { quantiles: "QUANTILES", mean_std: "MEAN_STD" };

/** LeRobot's description of inputs and outputs. */
export function featuresOf(robot: RobotFeatures, { vision: { imageSize } }: PolicyConfig | ValueConfig) {
  const input: z.infer<typeof features> = {
    ...Object.fromEntries(
      Object.values(robot.cameras).map((name) => [name, { type: "VISUAL", shape: [3, imageSize, imageSize] }]),
    ),
    "observation.state": { type: "STATE", shape: [robot.stateNames.length] },
  };
  const output: z.infer<typeof features> = { action: { type: "ACTION", shape: [robot.actionNames.length] } };
  return { input, output };
}

/** config.json with pistar's fields, which lie beside it in a π0.5. */
function readFields(folder: string): Record<string, unknown> {
  const fields = readJsonAs(z.looseObject({}), join(folder, configFile));
  const own = join(folder, ownFile);
  if (fields.type !== "pi05" || !existsSync(own)) return fields;
  return { ...fields, ...readJsonAs(z.looseObject({}), own), type: policySchema.shape.type.value };
}

/** Whether a folder's config.json is from another library. */
export const isForeignConfig = (folder: string): boolean => !types.includes(readFields(folder).type);

/** Whether pistar wrote a folder that LeRobot opens too. */
export const opensInLeRobot = (folder: string): boolean => existsSync(join(folder, ownFile));

/**
 * Reads a policy's config.json.
 * @throws PistarError naming file and field
 */
export function readPolicyConfig(folder: string): z.infer<typeof policySchema> {
  const path = checkedKind(folder, policySchema.shape.type.value, "a policy");
  const config = checked(policySchema, readFields(folder), path);
  const { chunk_size, n_action_steps, network } = config;
  const { horizon } = network;
  checkParts(path, config, [
    ["chunk_size", horizon, chunk_size],
    ["n_action_steps", horizon, n_action_steps],
  ]);
  return config;
}

/**
 * Reads a value function's config.json.
 * @throws PistarError naming file and field
 */
export function readValueConfig(folder: string): z.infer<typeof valueSchema> {
  const path = checkedKind(folder, valueSchema.shape.type.value, "a value function");
  const config = readJsonAs(valueSchema, path);
  const bins = Object.entries(config.task_scales).map(
    ([task, scale]) => [`task_scales.${task}.bins`, config.network.bins, scale.bins] as const,
  );
  checkParts(path, config, bins);
  return config;
}

/** The path of a folder's config.json. It fails for another kind, or a newer format. */
function checkedKind(folder: string, type: string, kind: string): string {
  const path = join(folder, configFile);
  const found = statSync(folder).isFile() ? { type: "weights alone" } : readFields(folder);
  if (!types.includes(found.type))
    throw new PistarError(
      "wrong-layout",
      `${folder}: expected a checkpoint of pistar (type ${types.join(" or ")} in ${configFile}, or ${ownFile} beside it), got one of others ` +
        `(${found.type ?? "no type"}). They say nothing of the robot's joints and frame rate: ` +
        "fine-tune it first, a π0.5 of LeRobot or openpi with pistar train DATASET --from FOLDER --tokenizer FILE",
      { path: folder },
    );
  if (typeof found.format_version === "number" && found.format_version > formatVersion)
    throw new PistarError(
      "newer-format",
      `${path}: expected format_version ${formatVersion}, got ${found.format_version}: a newer pistar wrote this checkpoint`,
      { path },
    );
  if (found.type !== type)
    throw new PistarError("wrong-layout", `${path}: expected ${kind}, got ${found.type}`, { path });
  return path;
}

type Parts = Pick<z.infer<typeof policySchema>, "robot" | "input_features" | "output_features"> & {
  readonly network: PolicyConfig | ValueConfig;
};

/**
 * Fails if parts of a config.json contradict one another.
 * @param alike further fields, with the network's own values
 */
function checkParts(
  path: string,
  { robot, network, input_features, output_features }: Parts,
  alike: readonly (readonly [field: string, expected: unknown, got: unknown])[],
): void {
  const { input, output } = featuresOf(robot, network);
  const policy = "horizon" in network;
  const shown = (value: unknown) => JSON.stringify(value) ?? "nothing";
  const unlike = ([field, expected, got]: (typeof alike)[number]): Fault[] =>
    isDeepStrictEqual(expected, got) ? [] : [{ field, expected: shown(expected), got: shown(got) }];
  const tooMany = (field: string, { length }: readonly string[], room: number): Fault[] =>
    length <= room ? [] : [{ field, expected: `at most ${room} names, as the network has numbers`, got: `${length}` }];
  const features = (of: string, expected: Readonly<Record<string, unknown>>, got: Readonly<Record<string, unknown>>) =>
    [...new Set([...Object.keys(expected), ...Object.keys(got)])].flatMap((name) =>
      unlike([`${of}.${name}`, expected[name], got[name]]),
    );
  const faults: Fault[] = [
    ...network.cameras.flatMap((camera) =>
      Object.hasOwn(robot.cameras, camera)
        ? []
        : [{ field: `robot.cameras.${camera}`, expected: "a feature of the dataset", got: "nothing" }],
    ),
    ...tooMany("robot.stateNames", robot.stateNames, network.stateSize),
    ...(policy ? tooMany("robot.actionNames", robot.actionNames, network.actionSize) : []),
    ...unlike(["robot.deltaActions.length", robot.actionNames.length, robot.deltaActions.length]),
    ...features("input_features", input, input_features),
    ...features("output_features", policy ? output : {}, output_features),
    ...alike.flatMap(unlike),
  ];
  if (faults.length > 0)
    throw new PistarError("damaged-file", [`${path}:`, ...faults.map(formatFault)].join("\n  "), { path });
}
