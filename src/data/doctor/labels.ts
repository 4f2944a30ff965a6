// Labels, one's own or another tool's: how many frames are positive, and what that goes with.
import type { LeRobotDataset } from "../dataset.ts";
import { readLabels } from "../labels.ts";
import type { recordingFeatures } from "../recording.ts";
import { type Finding, percent } from "./finding.ts";

/** The word of each frame: 1 positive, 0 negative. */
interface Words {
  readonly episode: number;
  readonly words: Float64Array;
  readonly sources: readonly string[];
  readonly task: string;
}

/** @param from a tag of the dataset's own labels, or a column that another tool wrote (above 0.5 is positive) */
export async function labelFindings(
  dataset: LeRobotDataset,
  from: { readonly labels?: string | undefined; readonly column?: string | undefined },
): Promise<Finding[]> {
  const frames = await readWords(dataset, from);
  const all = frames.flatMap(({ words }) => [...words]);
  const share = mean(all);
  if (all.length === 0) return [{ weight: "bad", text: "No frame has a label." }];
  const findings: Finding[] = [overall(share)];
  findings.push(...groups("task", frames, ({ task, words }) => (words.length > 0 ? [[task, [...words]]] : [])));
  findings.push(
    ...groups("source", frames, ({ words, sources }) =>
      [...new Set(sources)].map((source) => [source, [...words].filter((_, at) => sources[at] === source)]),
    ),
  );
  findings.push(
    ...groups("phase", frames, ({ words }) =>
      ["first", "middle", "last"].map((name, third) => [
        `${name} third`,
        [...words].filter((_, at) => Math.floor((3 * at) / words.length) === third),
      ]),
    ),
  );
  const byEpisode = explained(frames.map(({ words }) => [...words]));
  if (byEpisode > 0.6)
    findings.push({
      weight: "care",
      text: `${percent(byEpisode)} of what labels differ by is the episode: they judge whole episodes more than actions.`,
      mend: `pistar label ${dataset.root} --value RUN --lookahead SECONDS`,
    });
  else findings.push({ weight: "good", text: `${percent(byEpisode)} of what labels differ by is the episode.` });
  return findings;
}

function overall(share: number): Finding {
  const text = `${percent(share)} of the labelled frames are positive`;
  if (share === 0 || share === 1) return { weight: "bad", text: `${text}; the word says nothing.` };
  if (share < 0.02 || share > 0.9) return { weight: "care", text: `${text}; one of the words has hardly an example.` };
  return { weight: "good", text: `${text}.` };
}

/** The share of positives in each group, and a doubt where the group decides the word. */
function groups(kind: string, frames: readonly Words[], of: (words: Words) => [string, number[]][]): Finding[] {
  const found = new Map<string, number[]>();
  for (const words of frames)
    for (const [name, values] of of(words)) found.set(name, [...(found.get(name) ?? []), ...values]);
  const filled = [...found].filter(([, values]) => values.length > 0);
  if (filled.length < 2) return [];
  const shares = filled.map(([name, values]) => `${name} ${percent(mean(values))}`).join(", ");
  const decided = explained(filled.map(([, values]) => values));
  if (decided > 0.5)
    return [
      { weight: "care", text: `Positives by ${kind}: ${shares}; labels follow the ${kind} more than the action.` },
    ];
  return [{ weight: "good", text: `Positives by ${kind}: ${shares}.` }];
}

/** The share of the variance that lies between the groups, 0 to 1. */
function explained(groups: readonly (readonly number[])[]): number {
  const all = groups.flat();
  const middle = mean(all);
  const total = all.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  const between = groups.reduce(
    (sum, values) => sum + (values.length > 0 ? values.length * (mean(values) - middle) ** 2 : 0),
    0,
  );
  return total > 0 ? between / total : 0;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

async function readWords(
  dataset: LeRobotDataset,
  { labels, column }: { readonly labels?: string | undefined; readonly column?: string | undefined },
): Promise<Words[]> {
  const read = labels === undefined ? undefined : await readLabels(dataset.root, "advantages", labels);
  const own = new Map<number, number[]>();
  for (let row = 0; row < (read?.advantage.length ?? 0); row++) {
    const episode = read!.episode_index[row]!;
    if (!own.has(episode)) own.set(episode, []);
    own.get(episode)![read!.frame_index[row]!] = read!.advantage[row]!;
  }
  const actor = "complementary_info.collector_policy_id" satisfies keyof typeof recordingFeatures;
  const corrected = "complementary_info.is_intervention" satisfies keyof typeof recordingFeatures;
  const source = [actor, corrected].find((name) => dataset.features.has(name));
  const found: Words[] = [];
  for (const { index, tasks, length } of dataset.episodes) {
    const columns = await dataset.columns(index, [...(source ? [source] : []), ...(column ? [column] : [])]);
    const given = column
      ? Array.from(columns.get(column)!.data as ArrayLike<number>, (value) => Number(Number(value) > 0.5))
      : (own.get(index) ?? []);
    const words = Float64Array.from(Array.from({ length: given.length }, (_, at) => given[at] ?? 0));
    const sources = source
      ? Array.from(columns.get(source)!.data as ArrayLike<unknown>, String)
      : new Array<string>(length).fill("");
    found.push({ episode: index, words, sources, task: tasks[0] ?? "" });
  }
  return found;
}
