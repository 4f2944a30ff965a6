// Episodes by their list: outcomes of each task, lengths, and how much of it are corrections.
import type { LeRobotDataset } from "../dataset.ts";
import type { recordingFeatures } from "../recording.ts";
import { asOption, type Finding, listed, percent } from "./finding.ts";
import { median } from "./numbers.ts";

/** Outcomes of each kind, for a value function to tell them apart. */
const fewOutcomes = 5;

export function outcomeFindings({ root, episodes }: LeRobotDataset): Finding[] {
  const findings: Finding[] = [];
  const silent = episodes.filter(({ extra }) => (extra.episode_success ?? null) === null).map(({ index }) => index);
  if (silent.length > 0)
    findings.push({
      weight: silent.length === episodes.length ? "bad" : "care",
      text: `${silent.length === episodes.length ? "No episode says" : `Episodes ${listed(silent)} do not say`} whether it succeeded; RECAP takes such episodes for successes.`,
      mend: `pistar dataset edit outcome ${root} ${root}-labelled --success … --failure …`,
    });
  const tasks = new Map<string, { success: number; failure: number }>();
  for (const { tasks: own, extra } of episodes) {
    const task = own[0] ?? "";
    const counts = tasks.get(task) ?? { success: 0, failure: 0 };
    counts[extra.episode_success === "failure" ? "failure" : "success"]++;
    tasks.set(task, counts);
  }
  for (const [task, { success, failure }] of tasks) {
    const text = `Task ${JSON.stringify(task)}: ${success} successes, ${failure} failures`;
    if (failure === 0)
      findings.push({
        weight: "care",
        text: `${text}; without failures the value function learns only how long a success takes.`,
        mend: `pistar dataset edit outcome ${root} ${root}-judged --failure …`,
      });
    else if (success === 0)
      findings.push({
        weight: "bad",
        text: `${text}; there is nothing good to imitate.`,
        mend: `pistar dataset edit merge ${root}-more ${root} DEMONSTRATIONS`,
      });
    else if (Math.min(success, failure) < fewOutcomes)
      findings.push({
        weight: "care",
        text: `${text}; fewer than ${fewOutcomes} of a kind are a weak ground for values.`,
        mend: `pistar dataset edit merge ${root}-more ${root} MORE_ROLLOUTS`,
      });
    else findings.push({ weight: "good", text: `${text}.` });
  }
  return findings;
}

/** Episodes much longer or shorter than others of their task. */
export function lengthFindings({ root, episodes, fps }: LeRobotDataset): Finding[] {
  const odd: number[] = [];
  for (const task of new Set(episodes.map(({ tasks }) => tasks[0]))) {
    const own = episodes.filter(({ tasks }) => tasks[0] === task);
    const middle = median(own.map(({ length }) => length));
    for (const { index, length } of own) if (length > 4 * middle || length < middle / 4) odd.push(index);
  }
  const short = episodes.filter(({ length }) => length < fps / 2).map(({ index }) => index);
  const seconds = (frames: number) => `${Number((frames / fps).toPrecision(3))} s`;
  const lengths = episodes.map(({ length }) => length).sort((a, b) => a - b);
  const findings: Finding[] = [];
  if (lengths.length > 0)
    findings.push({
      weight: "good",
      text: `${lengths.length} episodes last ${seconds(lengths[0]!)} to ${seconds(lengths.at(-1)!)}, half of them over ${seconds(median(lengths))}.`,
    });
  if (odd.length > 0)
    findings.push({
      weight: "care",
      text: `Episodes ${listed(odd)} are over four times as long or as short as others of their task.`,
      mend: `pistar dataset edit delete ${root} ${root}-cleaned --episodes ${asOption(odd)}`,
    });
  if (short.length > 0)
    findings.push({
      weight: "care",
      text: `Episodes ${listed(short)} last less than half a second.`,
      mend: `pistar dataset edit delete ${root} ${root}-cleaned --episodes ${asOption(short)}`,
    });
  return findings;
}

/** How much people corrected, frame by frame. */
export async function correctionFindings(dataset: LeRobotDataset): Promise<Finding[]> {
  const column = "complementary_info.is_intervention" satisfies keyof typeof recordingFeatures;
  const name = [column, "intervention"].find((candidate) => dataset.features.has(candidate));
  if (!name) return [{ weight: "good", text: "No column says who acted; all frames count as one source." }];
  let [corrected, frames] = [0, 0];
  for (const { index } of dataset.episodes) {
    const { data } = (await dataset.columns(index, [name])).get(name)!;
    for (const value of data as Iterable<number>) if (Number(value) > 0.5) corrected++;
    frames += data.length;
  }
  const share = corrected / Math.max(1, frames);
  const text = `${percent(share)} of the frames are corrections by a person`;
  if (share > 0.5)
    return [
      {
        weight: "care",
        text: `${text}; the policy's own behaviour is the smaller part, and advantages compare with it.`,
        mend: `pistar dataset edit merge ${dataset.root}-more ${dataset.root} ROLLOUTS_WITHOUT_CORRECTIONS`,
      },
    ];
  return [{ weight: "good", text: `${text}.` }];
}
