// Labels of pistar or of another tool: the share of positives, and how it depends on source, phase, light and action.
import type { LeRobotDataset } from "../dataset.ts";
import { readLabels } from "../labels.ts";
import type { recordingFeatures } from "../recording.ts";
import type { Light } from "./cameras.ts";
import { type Finding, percent } from "./finding.ts";
import type { Motion } from "./motion.ts";
import { explained, linearlyExplained, mean, meansBy } from "./numbers.ts";

/** The word of a frame, and its groups. */
interface Word {
  readonly episode: number;
  readonly frame: number;
  /** 1 positive, 0 negative. */
  readonly word: number;
  readonly task: string;
  readonly source: string;
  readonly phase: string;
}

/** A group with a larger share of the labels' variance is a doubt. */
const much = { group: 0.5, episode: 0.6 };

/** Frames at which labels are compared with actions. */
const sampled = 20_000;

/**
 * @param from a tag of labels, or a column of another tool (above 0.5 is positive)
 * @param motions of the episodes; `lights` are the brightness of sampled pictures
 */
export async function labelFindings(
  dataset: LeRobotDataset,
  from: { readonly labels: string | undefined; readonly column: string | undefined },
  motions: readonly Motion[],
  lights: readonly Light[],
): Promise<Finding[]> {
  const words = await readWords(dataset, from);
  if (words.length === 0)
    return [{ weight: "bad", text: "No frame has a label.", mend: `pistar label ${dataset.root} --value RUN` }];
  const { root } = dataset;
  const positive = words.map(({ word }) => word);
  const byAction = actionShare(words, motions);
  const shown = byAction === undefined ? "" : ` (the action explains ${percent(byAction)})`;
  const group = (kind: string, values: readonly number[], keys: readonly string[], mend: string): Finding[] => {
    const means = meansBy(values, keys);
    if (means.size < 2) return [];
    const shares = [...means].map(([name, share]) => `${name} ${percent(share)}`).join(", ");
    const decided = explained(values, keys);
    const text = `Positives by ${kind}: ${shares}`;
    if (decided < much.group || decided < (byAction ?? 0)) return [{ weight: "good", text: `${text}.` }];
    const doubt = `labels follow the ${kind} more than the action${shown}`;
    return [{ weight: "care", text: `${text}; ${doubt}.`, mend }];
  };
  const lit = byLight(words, lights);
  const again = `pistar label ${root} --value RUN`;
  return [
    overall(root, mean(positive), from.labels),
    ...group(
      "task",
      positive,
      words.map(({ task }) => task),
      `${again} --positive-fraction 0.3`,
    ),
    ...group(
      "source",
      positive,
      words.map(({ source }) => source),
      `${again} --threshold-from source`,
    ),
    ...group(
      "phase",
      positive,
      words.map(({ phase }) => phase),
      `${again} --lookahead 1`,
    ),
    ...group("light", lit.words, lit.lights, `pistar value ${root} --out RUN --brightness 0.4`),
    ...episodeFinding(
      root,
      explained(
        positive,
        words.map(({ episode }) => episode),
      ),
      byAction,
    ),
    ...(byAction === undefined
      ? []
      : [{ weight: "good", text: `State and action explain ${percent(byAction)} of what labels differ by.` } as const]),
  ];
}

function overall(root: string, share: number, tag: string | undefined): Finding {
  const text = `${percent(share)} of the labelled frames are positive`;
  const mend = `pistar label ${root} ${tag === undefined ? "--value RUN" : `--labels ${tag}`} --positive-fraction 0.3`;
  if (share === 0 || share === 1) return { weight: "bad", text: `${text}; the word says nothing.`, mend };
  if (share < 0.02 || share > 0.9)
    return { weight: "care", text: `${text}; one of the words has hardly an example.`, mend };
  return { weight: "good", text: `${text}.` };
}

function episodeFinding(root: string, share: number, byAction = 0): Finding[] {
  const text = `${percent(share)} of what labels differ by is the episode`;
  if (share <= much.episode || share < byAction) return [{ weight: "good", text: `${text}.` }];
  return [
    {
      weight: "care",
      text: `${text}: they judge whole episodes more than actions.`,
      mend: `pistar label ${root} --value RUN --lookahead 1`,
    },
  ];
}

/** R² of the labels by a linear function of state and action; undefined without actions. */
function actionShare(words: readonly Word[], motions: readonly Motion[]): number | undefined {
  const byEpisode = new Map(motions.map((motion) => [motion.episode, motion]));
  const every = Math.max(1, Math.ceil(words.length / sampled));
  const rows: number[][] = [];
  const targets: number[] = [];
  for (const [at, { episode, frame, word }] of words.entries()) {
    const motion = byEpisode.get(episode);
    if (at % every !== 0 || !motion || frame >= motion.frames) continue;
    const { width } = motion;
    const part = (values: Float64Array) => [...values.subarray(frame * width, (frame + 1) * width)];
    rows.push([...part(motion.actions), ...(motion.states ? part(motion.states) : [])]);
    targets.push(word);
  }
  return rows.length > 0 && rows.every(({ length }) => length === rows[0]!.length)
    ? linearlyExplained(rows, targets)
    : undefined;
}

/** Words at frames of known brightness. Each has the name of its third of the pictures, from dark to bright. */
function byLight(words: readonly Word[], lights: readonly Light[]): { words: number[]; lights: string[] } {
  const place = (episode: number, frame: number) => `${episode} ${frame}`;
  const known = new Map(lights.map(({ episode, frame, brightness }) => [place(episode, frame), brightness]));
  const lit = words.flatMap(({ episode, frame, word }) => {
    const brightness = known.get(place(episode, frame));
    return brightness === undefined ? [] : [{ word, brightness }];
  });
  lit.sort((a, b) => a.brightness - b.brightness);
  const thirds = ["dark", "middle", "bright"];
  return {
    words: lit.map(({ word }) => word),
    lights: lit.map((_, at) => thirds[Math.floor((3 * at) / lit.length)]!),
  };
}

async function readWords(
  dataset: LeRobotDataset,
  { labels, column }: { readonly labels: string | undefined; readonly column: string | undefined },
): Promise<Word[]> {
  const read = labels === undefined ? undefined : await readLabels(dataset.root, "advantages", labels);
  const own = new Map<number, number[]>();
  for (let row = 0; row < (read?.advantage.length ?? 0); row++) {
    const episode = read!.episode_index[row]!;
    if (!own.has(episode)) own.set(episode, []);
    own.get(episode)![read!.frame_index[row]!] = read!.advantage[row]!;
  }
  const actor = "complementary_info.collector_policy_id" satisfies keyof typeof recordingFeatures;
  const corrected = "complementary_info.is_intervention" satisfies keyof typeof recordingFeatures;
  const source = [actor, corrected, "intervention"].find((name) => dataset.features.has(name));
  const thirds = ["first third", "middle third", "last third"];
  const found: Word[] = [];
  for (const { index: episode, tasks, length } of dataset.episodes) {
    const columns = await dataset.columns(episode, [...(source ? [source] : []), ...(column ? [column] : [])]);
    const given = column
      ? Array.from(columns.get(column)!.data as ArrayLike<number>, (value) => Number(Number(value) > 0.5))
      : (own.get(episode) ?? []);
    const sources = source ? (columns.get(source)!.data as ArrayLike<unknown>) : [];
    for (let frame = 0; frame < length; frame++) {
      const word = given[frame];
      if (word === undefined) continue;
      const phase = thirds[Math.floor((3 * frame) / length)]!;
      found.push({ episode, frame, word, task: tasks[0] ?? "", source: String(sources[frame] ?? ""), phase });
    }
  }
  return found;
}
