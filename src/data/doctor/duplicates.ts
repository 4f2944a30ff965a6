// Repeats among the episodes: the same path of the actions, at any speed and with any pauses.
import { asOption, type Finding, listed } from "./finding.ts";
import { type Motion, steps } from "./motion.ts";

/** Compared points of a path. */
const points = 48;

/** Mean distance of two equal paths, at most, in ranges of a component. */
const near = 3e-3;

/** An episode's path as points at equal distances along it. Speed and pauses do not matter. */
interface Path {
  readonly episode: number;
  /** [points, width] */
  readonly values: Float64Array;
  /** Mean of all values. Near paths have near means. */
  readonly key: number;
}

export function duplicateFindings(root: string, motions: readonly Motion[]): Finding[] {
  const paths = motions.flatMap((motion) => pathOf(motion) ?? []).sort((a, b) => a.key - b.key);
  const repeats = new Map<number, Path>();
  for (const [at, path] of paths.entries())
    for (let other = at + 1; other < paths.length && paths[other]!.key - path.key <= near; other++) {
      if (distance(path.values, paths[other]!.values) > near) continue;
      const [earlier, later] = [path, paths[other]!].sort((a, b) => a.episode - b.episode);
      if ((repeats.get(later!.episode)?.episode ?? Infinity) > earlier!.episode) repeats.set(later!.episode, earlier!);
    }
  if (repeats.size === 0) return [];
  const numbers = [...repeats.keys()].sort((a, b) => a - b);
  const first = numbers[0]!;
  return [
    {
      weight: "care",
      text: `Episodes ${listed(numbers)} repeat the actions of an earlier episode (${first} those of ${repeats.get(first)!.episode}), at the same speed or another.`,
      mend: `pistar dataset edit delete ${root} ${root}-cleaned --episodes ${asOption(numbers)}`,
    },
  ];
}

/** Undefined for an episode without motion. */
function pathOf(motion: Motion): Path | undefined {
  const { episode, width, actions } = motion;
  const lengths = steps(motion);
  const total = lengths.reduce((sum, step) => sum + step, 0);
  if (!(total > 1e-3)) return undefined;
  const values = new Float64Array(points * width);
  let [frame, before] = [0, 0];
  for (let point = 0; point < points; point++) {
    const wanted = (total * point) / (points - 1);
    while (frame < lengths.length - 1 && before + lengths[frame]! < wanted) before += lengths[frame++]!;
    const share = lengths[frame]! > 0 ? Math.min(1, (wanted - before) / lengths[frame]!) : 0;
    for (let at = 0; at < width; at++) {
      const [from, to] = [actions[frame * width + at]!, actions[(frame + 1) * width + at]!];
      values[point * width + at] = from + share * (to - from);
    }
  }
  return { episode, values, key: values.reduce((sum, value) => sum + value, 0) / values.length };
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs(a[at]! - b[at]!);
  return sum / a.length;
}
