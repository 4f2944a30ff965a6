// The verdict on a run on existing datasets: whether its networks predict held-out episodes better than trivial
// predictions.
import type { DatasetsSummary } from "../summary.ts";
import { finite, number } from "./format.ts";
import type { Verdict } from "./verdict.ts";

/** A network's error on held-out episodes, beside a trivial prediction's. Undefined numbers are unknown. */
interface Comparison {
  readonly name: "value function" | "policy";
  readonly predicts: string;
  readonly trivially: string;
  /** Held out. */
  readonly episodes: number | undefined;
  readonly error: number | undefined;
  readonly trivialError: number | undefined;
  /** Null if undecided. */
  readonly better: boolean | null;
}

export function comparisons({ value, policy }: DatasetsSummary): readonly Comparison[] {
  const { heldOutError, baselineError } = value?.check ?? {};
  const { "heldOut/actionError": actionError, "heldOut/repeatLastError": repeatLastError } = policy?.heldOut ?? {};
  return [
    {
      name: "value function",
      predicts: "values",
      trivially: "mean return by time",
      episodes: value?.episodes.heldOut,
      ...compared(heldOutError, baselineError),
    },
    {
      name: "policy",
      predicts: "actions",
      trivially: "repeating the last",
      episodes: policy?.episodes.heldOut,
      ...compared(actionError, repeatLastError),
    },
  ];
}

function compared(error: number | undefined, trivialError: number | undefined) {
  return { error, trivialError, better: finite(error) && finite(trivialError) ? error < trivialError : null };
}

/** The verdict on a run: how many held-out episodes it rests on stands beside the errors. */
export function datasetVerdict(summary: DatasetsSummary): Verdict {
  const all = comparisons(summary);
  const known = all.filter(({ better }) => better !== null);
  const won = known.filter(({ better }) => better).length;
  const unfinished = summary.finishedAt === null;
  const head =
    won === 2
      ? "value function and policy both beat their trivial baselines"
      : won === 0 && known.length === 2
        ? "neither value function nor policy beats its trivial baseline"
        : all
            .map(({ name, episodes, better }) =>
              better === null
                ? `the ${name} cannot be judged${episodes === undefined ? " yet" : ", no episode was held out"}`
                : `the ${name} ${better ? "beats" : "does not beat"} its trivial baseline`,
            )
            .join("; ");
  const details = known.map(
    ({ predicts, trivially, episodes, error, trivialError }) =>
      `${predicts} are off by ${number(error)} (${trivially}: ${number(trivialError)}) on ${number(episodes)} held-out episodes`,
  );
  return {
    outcome: known.length === 0 ? "unknown" : won === 0 ? "worse" : won === 2 ? "better" : "mixed",
    head: unfinished ? `Unfinished run: ${head}` : head.charAt(0).toUpperCase() + head.slice(1),
    detail: details.join(", "),
  };
}
