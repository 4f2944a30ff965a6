// The unit of an SO-101's body joints, of a dataset and of what is trained on it. A policy in one unit drives a robot in the other into a wall.
import type { LeRobotDataset } from "../data/index.ts";
import { so101Joints, type Unit, unitOf, units } from "../robot/index.ts";
import { PistarError } from "../system/index.ts";

/** Column of the list of episodes in which `pistar collect` records the unit. */
const unitsColumn = "episode_units";

/**
 * The unit of a dataset's body joints. Undefined for another robot, or if nothing tells.
 * @param stateNames names of a state's numbers
 * @param asked what the user says of it
 * @throws PistarError wrong-layout if the user, the episodes and the statistics do not agree
 */
export async function unitsOfDataset(
  dataset: LeRobotDataset,
  stateNames: readonly string[],
  asked?: Unit,
): Promise<Unit | undefined> {
  if (String(stateNames) !== String(so101Joints.map(({ name }) => name))) return undefined;
  const recorded = new Set(dataset.episodes.map(({ extra }) => extra[unitsColumn]).filter((unit) => isUnit(unit)));
  const state = (await dataset.stats()).get("observation.state");
  const { min, max } = state ?? {};
  const extremes = min && max && stateNames.map((_, i) => [Number(min[i]), Number(max[i])] as const);
  const measured = extremes && unitOf(stateNames, extremes);
  const found = new Set([...recorded, ...(measured ? [measured] : []), ...(asked ? [asked] : [])]);
  if (found.size > 1)
    throw new PistarError(
      "wrong-layout",
      `${dataset.root}: expected body joints in one unit, got ${[...found].join(" and ")}${measured ? `; its positions go beyond ±100, so they are ${measured}` : ""}`,
      { path: dataset.root },
    );
  return [...found][0];
}

const isUnit = (value: unknown): value is Unit => units.includes(value as Unit);
