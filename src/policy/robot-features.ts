// The robot's features for a network: cameras, names of the numbers of state and action, and the relative actions. A
// checkpoint holds them as data.
import * as z from "zod";
import type { LeRobotDataset } from "../data/index.ts";
import { units } from "../robot/index.ts";
import { PistarError } from "../system/index.ts";
import { matches } from "../tensor/index.ts";

/** Unknown fields are refused: they may change the meaning of the numbers. */
export const robotFeaturesSchema = z.strictObject({
  robotType: z.string().nullable(),
  fps: z.number().gt(0),
  /** The dataset's feature for each of the network's cameras: "front" is "observation.images.front". */
  cameras: z.record(z.string(), z.string().min(1)),
  stateNames: z.array(z.string().min(1)).min(1),
  actionNames: z.array(z.string().min(1)).min(1),
  /** openpi's delta_action_mask: true for an action relative to the state at the chunk's start. */
  deltaActions: z.array(z.boolean()),
  /** Unit of an SO-101's body joints; absent if nothing tells. */
  units: z.enum(units).optional(),
});
export type RobotFeatures = z.infer<typeof robotFeaturesSchema>;

/**
 * The features of a dataset.
 * @param cameras the network's names of the cameras to use (default: all)
 * @param absolute patterns of absolute actions; all actions are absolute if state and action have different names
 */
export function robotFeatures(
  dataset: LeRobotDataset,
  cameras: readonly string[] | undefined,
  absolute: readonly string[] = [],
): RobotFeatures {
  const all = Object.fromEntries(dataset.cameras.map((feature) => [cameraName(feature), feature]));
  for (const name of cameras ?? [])
    if (!all[name])
      throw new PistarError(
        "bad-option",
        `${dataset.root}: expected cameras of ${Object.keys(all).join(", ") || "(none)"}, got ${name}`,
        { path: dataset.root },
      );
  if (dataset.cameras.length === 0)
    throw new PistarError(
      "wrong-layout",
      `${dataset.root}: expected at least one camera, for the networks see; it has ${[...dataset.features.keys()].join(", ")}`,
      { path: dataset.root },
    );
  const stateNames = namesOf(dataset, "observation.state");
  const actionNames = namesOf(dataset, "action");
  const alike = String(stateNames) === String(actionNames);
  return {
    robotType: dataset.robotType ?? null,
    fps: dataset.fps,
    cameras: cameras ? Object.fromEntries(cameras.map((name) => [name, all[name]!])) : all,
    stateNames,
    actionNames,
    deltaActions: actionNames.map((name) => alike && !matches(name, absolute)),
  };
}

/** "observation.images.front" is "front". */
export const cameraName = (feature: string): string => feature.replace(/^observation\.images?\./, "");

/** Names of a vector's numbers: a list, a list in a list, or lists by axis. Without names they are numbered. */
function namesOf(dataset: LeRobotDataset, column: string): string[] {
  const feature = dataset.features.get(column);
  if (!feature)
    throw new PistarError(
      "wrong-layout",
      `${dataset.root}: expected a column "${column}", got ${[...dataset.features.keys()].join(", ")}`,
      { path: dataset.root },
    );
  const size = feature.shape.reduce((product, side) => product * side, 1);
  const { names } = feature;
  const listed = (Array.isArray(names) ? names : Object.values(names ?? {}))
    .flat(2)
    .filter((n) => typeof n === "string");
  return listed.length === size ? listed : Array.from({ length: size }, (_, i) => `${column}.${i}`);
}

/** Fails if a dataset's states and actions differ from the network's. */
export function checkFeatures(expected: RobotFeatures, dataset: LeRobotDataset): void {
  const found = robotFeatures(dataset, undefined);
  for (const names of ["stateNames", "actionNames"] as const)
    if (found[names].length !== expected[names].length)
      throw new PistarError(
        "wrong-layout",
        `${dataset.root}: expected ${names === "stateNames" ? "states" : "actions"} of ${expected[names].length} numbers ` +
          `(${expected[names].join(", ")}), got ${found[names].length} (${found[names].join(", ")})`,
        { path: dataset.root },
      );
}
