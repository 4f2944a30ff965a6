// The tables of pistar audit, for 80 columns.
import { type Audit, auditVerdict, type LabelGroup, rescueSentence } from "../audit/index.ts";
import { percent, percentInterval } from "../loop/index.ts";
import type { Estimate } from "../rollout/index.ts";
import { duration, number } from "../system/index.ts";
import type { LabelReport } from "../train/index.ts";
import { table } from "./table.ts";
import { warn, widthOf, wrap } from "./terminal.ts";

const plain = (x: number) => (Number.isFinite(x) ? x.toFixed(2).replace("-", "−") : "–");
const signed = (x: number) => (x > 0 ? `+${plain(x)}` : plain(x));
const within = ({ value, low, high }: Estimate, digits: (x: number) => string) =>
  `${digits(value)} (${digits(low)} … ${digits(high)})`;

/** Prints a table after an empty line. */
const print = (text: string) => console.log(`\n${text}`);

export function printAudit(audit: Audit): void {
  const { of, policy, valueName, episodes, ofEpisodes, moments, runs, troubled, value, advantage, labels } = audit;
  const width = widthOf(process.stdout);
  console.log(
    wrap(
      `${valueName} against ${policy}${of === "supervised" ? " with the supervisor" : ""}: ${number(episodes)} of ${number(ofEpisodes)} episodes, ` +
        `${number(moments)} moments, ${number(runs)} runs. Values go from −1 (failure) to 0 (success at once).`,
      width,
    ),
  );
  const lookahead = Number.isFinite(advantage.lookahead) ? duration(advantage.lookahead) : "the episode's end";
  print(
    table(
      ["without the noise of the runs", ""],
      [
        ["V: correlation with the truth", within(value.correlation, plain)],
        ["   that of a clock", within(value.clock, plain)],
        ["   root mean square error", within(value.error, plain)],
        ["   bias", within(value.bias, signed)],
        ["   spread of the true values", plain(value.spread)],
        ["   moments from which no run succeeded", percent(value.hopeless)],
        [`A over ${lookahead}: correlation with the truth`, within(advantage.correlation, plain)],
        ["   right sign", `${percent(advantage.signs.value)} (${percentInterval(advantage.signs)})`],
        ["   the same of “negative” for all", percent(advantage.negative)],
        ["   spread of the true advantages", plain(advantage.spread)],
        ["   spread by V", plain(advantage.estimatedSpread)],
        ["   share of the measured truth that is no noise", percent(advantage.reliability)],
      ],
    ),
  );
  print(
    table(
      ["moments", "", "V", "truth", "recorded"],
      value.sources.map((row) => [
        row.source,
        row.moments,
        plain(row.value),
        within(row.truth, plain),
        plain(row.returned),
      ]),
    ),
  );
  if (labels) {
    printLabels(labels);
    console.log(`${percent(labels.hopeless)} of the positive frames (forced ones aside) lie where no run succeeded`);
  }
  const rescue = rescueSentence(audit);
  console.log(`\n${wrap([auditVerdict(audit), ...(rescue ? [rescue] : [])].join(" "), width)}`);
  if (troubled > 0) warn(`in ${number(troubled)} runs the policy did not answer as it should`);
}

function printLabels({ tag, groups }: NonNullable<Audit["labels"]>): void {
  const of = ({ source, success }: LabelGroup) =>
    source ?? (success === undefined ? "all" : success ? "in a success" : "in a failure");
  print(
    table(
      [`labels "${tag}"`, "of", "moments", "true advantage", "above 0"],
      groups.map((group) => [
        group.label,
        of(group),
        group.moments,
        within(group.advantage, signed),
        percent(group.trulyPositive),
      ]),
    ),
  );
}

export function printOracle({ tag, tasks }: LabelReport, { episodes, ofEpisodes }: Audit): void {
  const [frames, positive] = [
    tasks.reduce((sum, task) => sum + task.frames, 0),
    tasks.reduce((sum, task) => sum + task.positive, 0),
  ];
  const missing = ofEpisodes - episodes;
  console.log(
    `\nOracle labels "${tag}": ${percent(positive / frames)} of ${number(frames)} frames are positive` +
      (missing > 0 ? `; ${number(missing)} episodes have none, because they are not audited` : ""),
  );
}
