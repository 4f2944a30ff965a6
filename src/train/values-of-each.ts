// Values of the same episodes by several value functions. Do they agree?
import type { NamedValues } from "../data/index.ts";
import { findCheckpoint } from "../policy/index.ts";
import { type LabelOptions, labelOptions } from "./options.ts";
import { openTrainingData } from "./training-data.ts";
import { type LabelListener, valuesOf } from "./value-source.ts";

/** At most so many episodes are valued. */
const most = 24;

/**
 * V of episodes spread over a dataset, by each value function. It may have learned from them.
 * @param checkpoints runs, checkpoints or their folders; they name the values
 */
export async function valuesOfEach(
  checkpoints: readonly string[],
  root: string,
  given: Partial<LabelOptions> = {},
  listener: LabelListener = {},
): Promise<NamedValues[]> {
  const options = labelOptions.parse(given);
  const data = await openTrainingData([{ root }], "all", options.rename);
  try {
    const every = Math.ceil(data.episodes.length / most);
    const episodes = data.episodes.filter((_, at) => at % every === 0);
    const found: NamedValues[] = [];
    for (const [at, name] of checkpoints.entries()) {
      const onProgress = (done: number, total: number) =>
        listener.onProgress?.(at * total + done, checkpoints.length * total);
      const values = await valuesOf(findCheckpoint(name, "best"), data, episodes, options, { ...listener, onProgress });
      found.push({ name, of: new Map(episodes.map(({ episode }, i) => [episode, values[i]!])) });
    }
    return found;
  } finally {
    await data.close();
  }
}
