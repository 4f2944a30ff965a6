// Labels by a value function: whether their advantages are more luck than knowledge of the state.
import { neighbourSpread, seeksLuck } from "../../recap/index.ts";
import type { LeRobotDataset } from "../dataset.ts";
import { readLabels } from "../labels.ts";
import type { Finding } from "./finding.ts";

/** Compares the spread of advantages with that of values at the same time of a task. @param tag of the dataset's labels */
export async function luckFindings(dataset: LeRobotDataset, tag: string): Promise<Finding[]> {
  const labels = await readLabels(dataset.root, "advantages", tag);
  const tasks = Array.from(labels.episode_index, (episode) => dataset.episodes[episode]?.tasks[0] ?? "");
  const spread = neighbourSpread(labels.advantage_continuous, labels.value_current, tasks, labels.frame_index);
  if (spread === null || spread.advantages === 0) return [];
  const [advantages, values] = [spread.advantages.toPrecision(2), spread.values.toPrecision(2)];
  const text = `At the same time of an episode, advantages differ by ${advantages} and values by ${values}`;
  if (!seeksLuck(spread)) return [{ weight: "good", text: `${text}.` }];
  return [
    {
      weight: "care",
      text: `${text}; the frames with the largest advantages were lucky more than good.`,
      mend: `pistar label ${dataset.root} --value RUN --lookahead 1 --positive-fraction 0.4`,
    },
  ];
}
