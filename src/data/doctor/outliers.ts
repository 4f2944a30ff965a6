// Episodes with motion unlike that of the others of their task: a wrong unit, another robot, a task of another name.
import { asOption, type Finding, listed } from "./finding.ts";
import type { Motion } from "./motion.ts";
import { mean, median } from "./numbers.ts";

/** Fewer episodes of a task have no usual motion. */
const fewest = 8;

/** Distance from the median, in robust standard deviations, of an outlier. */
const far = 8;

/** The least robust standard deviation, in ranges of a component: episodes of scripts are nearly the same. */
const least = 0.03;

/** @param tasks the instruction of each episode */
export function outlierFindings(
  root: string,
  motions: readonly Motion[],
  tasks: ReadonlyMap<number, string>,
): Finding[] {
  const odd: number[] = [];
  for (const task of new Set(tasks.values())) {
    const own = motions.filter(({ episode, frames }) => tasks.get(episode) === task && frames > 0);
    if (own.length < fewest) continue;
    const measures = own.map(measuresOf);
    const distances = measures[0]!.map((_, at) => robustDistances(measures.map((measure) => measure[at]!)));
    for (const [at, { episode }] of own.entries()) if (distances.some((of) => of[at]! > far)) odd.push(episode);
  }
  if (odd.length === 0) return [];
  odd.sort((a, b) => a - b);
  return [
    {
      weight: "care",
      text: `Episodes ${listed(odd)} move unlike the others of their task: their actions lie in another range.`,
      mend: `pistar dataset edit delete ${root} ${root}-cleaned --episodes ${asOption(odd)}`,
    },
  ];
}

/** Lowest, mean and highest value of each component of the actions. */
function measuresOf({ actions, width, frames }: Motion): number[] {
  return Array.from({ length: width }, (_, at) => {
    const values = Array.from({ length: frames }, (_, frame) => actions[frame * width + at]!);
    const lowest = values.reduce((a, b) => Math.min(a, b));
    return [lowest, mean(values), values.reduce((a, b) => Math.max(a, b))];
  }).flat();
}

/** Distances from the median in standard deviations, by the median absolute deviation. */
function robustDistances(values: readonly number[]): number[] {
  const middle = median(values);
  const off = values.map((value) => Math.abs(value - middle));
  const deviation = Math.max(least, 1.4826 * median(off));
  return off.map((distance) => distance / deviation);
}
