// The result of an audit as plain data: the value function against the truth, and the worth of its labels. It is kept as audit.json.
import * as z from "zod";
import { type Estimate, estimateSchema } from "../rollout/index.ts";
import { anyNumber, type Random, random } from "../system/index.ts";
import type { AuditedMoment, AuditedMoments, MomentLabel } from "./audited-moments.ts";
import { momentSources } from "./moment-sources.ts";
import {
  type Halves,
  meanOf,
  overEpisodes,
  positiveTruths,
  reliability,
  signAgreement,
  trueVariance,
  truthCorrelation,
  truthError,
  whole,
} from "./split-halves.ts";

const count = z.int().min(0);

const binSchema = z.object({ moments: count, value: anyNumber, truth: estimateSchema });

const sourceSchema = z.object({
  source: z.string(),
  moments: count,
  /** Means of V, of the true value and of the recorded returns. */
  value: anyNumber,
  truth: estimateSchema,
  returned: anyNumber,
});

const groupSchema = z.object({
  label: z.enum(["positive", "negative", "forced"]),
  /** All sources if absent, and both outcomes if absent. */
  source: z.string().exactOptional(),
  success: z.boolean().exactOptional(),
  moments: count,
  /** Mean true advantage. */
  advantage: estimateSchema,
  /** Share of the moments with a true advantage above 0. */
  trulyPositive: anyNumber,
});

export const auditSchema = z.object({
  /** Whose value was asked for. */
  of: z.enum(["policy", "supervised"]),
  policy: z.string(),
  /** Name of the value function, or of the labels with its values. */
  valueName: z.string(),
  /** Audited episodes, of how many; moments; runs; and runs with faults of the policy. */
  episodes: count,
  ofEpisodes: count,
  moments: count,
  runs: count,
  troubled: count,
  value: z.object({
    /** Of V with the truth, and of a clock with it; their difference. */
    correlation: estimateSchema,
    clock: estimateSchema,
    difference: estimateSchema,
    /** Root mean square error, and mean of V − truth. */
    error: estimateSchema,
    bias: estimateSchema,
    /** Standard deviation of the true values, and their share of the measured variance; the rest is noise. */
    spread: anyNumber,
    reliability: anyNumber,
    /** Share of the moments from which no run succeeded. Values cannot fall below −1, so advantages there are the time alone. */
    hopeless: anyNumber,
    calibration: z.array(binSchema),
    sources: z.array(sourceSchema),
    /** The last moments before the take-overs; null without take-overs. */
    beforeRescue: sourceSchema.omit({ source: true }).nullable(),
  }),
  advantage: z.object({
    /** Seconds; Infinity: to the episode's end. */
    lookahead: anyNumber,
    correlation: estimateSchema,
    /** Share of advantages with the sign of the true one, and the share that "negative" for all would have. */
    signs: estimateSchema,
    negative: anyNumber,
    /** Standard deviations of the true advantages and of those by V. */
    spread: anyNumber,
    estimatedSpread: anyNumber,
    reliability: anyNumber,
  }),
  labels: z
    .object({
      tag: z.string(),
      groups: z.array(groupSchema),
      /** Share of positive frames, forced ones aside. */
      share: anyNumber,
      /** Of them, the share at hopeless moments. */
      hopeless: anyNumber,
      /** Mean true advantage of the positive frames minus the negative frames' mean, without forced ones. */
      gain: estimateSchema,
      /** The same for as many frames chosen by one half of the runs and judged by the other: at least so much is possible. */
      byTruth: estimateSchema,
    })
    .nullable(),
});
export type Audit = Readonly<z.infer<typeof auditSchema>>;
export type LabelGroup = Readonly<z.infer<typeof groupSchema>>;
export type CalibrationBin = Readonly<z.infer<typeof binSchema>>;

/** Seconds before a correction: V should know of the trouble by then. */
const shortlyBefore = 2;
/** Bins of V for the calibration. */
const bins = 10;

/** Sums the moments up. The intervals are bootstraps over episodes; `seed` decides them. */
export function summariseAudit(
  { moments, lookahead, episodes, fps }: AuditedMoments,
  about: Pick<Audit, "of" | "policy" | "valueName" | "troubled"> & { readonly labels?: string | undefined },
  seed: number,
): Audit {
  const { labels, ...said } = about;
  const draw = random(seed).split("audit intervals");
  const over: Over = (rows, statistic, name) => overEpisodes(groupsOf(rows), statistic, draw.split(name));
  const groups = groupsOf(moments);
  return {
    ...said,
    episodes: groups.length,
    ofEpisodes: episodes,
    moments: moments.length,
    runs: moments.reduce((sum, { runs }) => sum + runs, 0),
    value: valueAudit(moments, fps, over),
    advantage: {
      lookahead,
      correlation: over(moments, advantageCorrelation, "advantage"),
      signs: over(moments, (rows) => signAgreement(estimatedAdvantages(rows), trueAdvantages(rows)), "signs"),
      negative: 1 - positiveTruths(trueAdvantages(moments)),
      spread: Math.sqrt(Math.max(0, trueVariance(trueAdvantages(moments)))),
      estimatedSpread: deviation(estimatedAdvantages(moments)),
      reliability: reliability(trueAdvantages(moments)),
    },
    labels: labels === undefined ? null : { tag: labels, ...labelAudit(moments, over, draw) },
  };
}

type Rows = readonly AuditedMoment[];
type Over = (rows: Rows, statistic: (rows: Rows) => number, name: string) => Estimate;

const values = (rows: Rows) => rows.map(({ value }) => value);
const trueOf = (rows: Rows): Halves[] => rows.map(({ trueValue }) => trueValue);
const estimatedAdvantages = (rows: Rows) => rows.map(({ advantage }) => advantage);
const trueAdvantages = (rows: Rows): Halves[] => rows.map(({ trueAdvantage }) => trueAdvantage);
const meanTruth = (rows: Rows) => meanOf(trueOf(rows).map(whole));
const meanAdvantage = (rows: Rows) => meanOf(trueAdvantages(rows).map(whole));

/** The share of moments from which all runs failed. */
const hopelessShare = (rows: Rows) =>
  meanOf(rows.map(({ trueValue: [one, other] }) => Number(one === -1 && other === -1)));

function groupsOf(rows: Rows): AuditedMoment[][] {
  const groups = new Map<number, AuditedMoment[]>();
  for (const row of rows) {
    const group = groups.get(row.episode);
    if (group) group.push(row);
    else groups.set(row.episode, [row]);
  }
  return [...groups.values()];
}

const deviation = (numbers: readonly number[]): number => {
  const mean = meanOf(numbers);
  return Math.sqrt(meanOf(numbers.map((x) => (x - mean) ** 2)));
};

const valueCorrelation = (rows: Rows) => truthCorrelation(values(rows), trueOf(rows));
const advantageCorrelation = (rows: Rows) => truthCorrelation(estimatedAdvantages(rows), trueAdvantages(rows));

function clockCorrelation(rows: Rows): number {
  const timed = rows.filter(({ clock }) => Number.isFinite(clock));
  return truthCorrelation(
    timed.map(({ clock }) => clock),
    trueOf(timed),
  );
}

function valueAudit(moments: Rows, fps: number, over: Over): Audit["value"] {
  const means = (rows: Rows) => ({
    moments: rows.length,
    value: meanOf(values(rows)),
    truth: over(rows, meanTruth, "truth"),
    returned: meanOf(rows.map(({ returned }) => returned)),
  });
  const rescued = moments.filter((row) => isShortlyBefore(row, moments, fps));
  return {
    correlation: over(moments, valueCorrelation, "value"),
    clock: over(moments, clockCorrelation, "clock"),
    difference: over(moments, (rows) => valueCorrelation(rows) - clockCorrelation(rows), "difference"),
    error: over(moments, (rows) => truthError(values(rows), trueOf(rows)), "error"),
    bias: over(moments, (rows) => meanOf(values(rows)) - meanTruth(rows), "bias"),
    spread: Math.sqrt(Math.max(0, trueVariance(trueOf(moments)))),
    reliability: reliability(trueOf(moments)),
    hopeless: hopelessShare(moments),
    calibration: calibration(moments, over),
    sources: momentSources.flatMap((source) => {
      const rows = moments.filter((row) => row.source === source);
      return rows.length === 0 ? [] : [{ source, ...means(rows) }];
    }),
    beforeRescue: rescued.length === 0 ? null : means(rescued),
  };
}

/** Whether a correction begins within `shortlyBefore` seconds after an autonomous moment. */
function isShortlyBefore({ episode, frame, source }: AuditedMoment, moments: Rows, fps: number): boolean {
  if (source !== "before a take-over") return false;
  const later = moments.find((other) => other.episode === episode && other.source === "correction");
  return later !== undefined && later.frame - frame <= shortlyBefore * fps;
}

/** Mean truth by V, in bins of equal width from −1 to 0; empty ones are left out. */
function calibration(moments: Rows, over: Over): CalibrationBin[] {
  const binOf = (value: number) => Math.min(bins - 1, Math.max(0, Math.floor((value + 1) * bins)));
  return Array.from({ length: bins }, (_, bin) => moments.filter(({ value }) => binOf(value) === bin)).flatMap(
    (rows) =>
      rows.length === 0
        ? []
        : [{ moments: rows.length, value: meanOf(values(rows)), truth: over(rows, meanTruth, "calibration") }],
  );
}

function labelAudit(moments: Rows, over: Over, draw: Random): Omit<NonNullable<Audit["labels"]>, "tag"> {
  const group = (label: MomentLabel, rows: Rows, what: Pick<LabelGroup, "source" | "success">): LabelGroup[] => {
    const own = rows.filter((row) => row.label === label);
    if (own.length === 0) return [];
    const advantage = over(own, meanAdvantage, "group");
    return [{ label, ...what, moments: own.length, advantage, trulyPositive: positiveTruths(trueAdvantages(own)) }];
  };
  const labels = ["positive", "negative", "forced"] as const;
  const all = (rows: Rows, what: Pick<LabelGroup, "source" | "success">) =>
    labels.flatMap((label) => group(label, rows, what));
  const chosen = moments.filter(({ label }) => label !== "forced");
  const positive = chosen.filter(({ label }) => label === "positive");
  const best = chosenByTruth(chosen, positive.length);
  return {
    groups: [
      ...all(moments, {}),
      ...momentSources.flatMap((source) =>
        all(
          moments.filter((row) => row.source === source),
          { source },
        ),
      ),
      ...[true, false].flatMap((success) =>
        all(
          moments.filter((row) => row.success === success),
          { success },
        ),
      ),
    ],
    share: positive.length / chosen.length,
    hopeless: hopelessShare(positive),
    gain: over(chosen, (rows) => difference(rows, ({ label }) => label === "positive", meanAdvantage), "gain"),
    byTruth: overEpisodes(
      groupsOf(chosen),
      (rows) =>
        meanOf(
          ([0, 1] as const).map((half) =>
            difference(
              rows,
              (row) => best[half].has(row),
              (some) => meanOf(some.map(({ trueAdvantage }) => trueAdvantage[1 - half]!)),
            ),
          ),
        ),
      draw.split("by truth"),
    ),
  };
}

const difference = (rows: Rows, isChosen: (row: AuditedMoment) => boolean, mean: (rows: Rows) => number): number =>
  mean(rows.filter(isChosen)) - mean(rows.filter((row) => !isChosen(row)));

/** As many moments with the largest true advantage, by each half of the runs. */
function chosenByTruth(rows: Rows, number: number): readonly [ReadonlySet<AuditedMoment>, ReadonlySet<AuditedMoment>] {
  const by = (half: 0 | 1) =>
    new Set(rows.toSorted((a, b) => b.trueAdvantage[half] - a.trueAdvantage[half]).slice(0, number));
  return [by(0), by(1)];
}
