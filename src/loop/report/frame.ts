// The frame of all reports: the verdict as the first line, warnings, losses, times and options.
import type { RunRecord } from "../summary.ts";
import { duration } from "./format.ts";
import { html, type Markup, raw } from "./html.ts";
import { lossSection } from "./losses.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import { optionTable, stageTable } from "./tables.ts";
import type { Verdict } from "./verdict.ts";

interface Content {
  /** Under the verdict. */
  readonly lead?: Markup | null;
  /** Items of a list. */
  readonly warnings: readonly Markup[];
  readonly chapters: readonly Markup[];
}

/** A self-contained page of HTML. */
export function reportPage(
  { outcome, head, detail }: Verdict,
  record: RunRecord,
  { lead = null, warnings, chapters }: Content,
): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${head}</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
<h1 class="${outcome}"><strong>${head}</strong>${detail === "" ? "" : `: ${detail}`}</h1>
${lead}
<p class="note">${about(record)}</p>
${warnings.length > 0 ? html`<aside id="warnings"><h2>Warnings of the checks on held-out episodes</h2><ul>${warnings}</ul></aside>` : null}
${chapters}
${lossSection(record.curves)}
<section id="run">
<h2>The run</h2>
${record.stages.length > 0 ? stageTable(record.stages) : null}${optionTable(record.options)}</section>
</main>
<script>${raw(script)}</script>
</body>
</html>
`.markup;
}

/** A warning about something, as an item of the list. */
export const warningItem = (of: string, warning: string): Markup => html`<li><strong>${of}:</strong> ${warning}</li>
`;

function about({ pistar, startedAt, finishedAt, stages }: RunRecord): string {
  const end = finishedAt === null ? "not finished" : `finished ${moment(finishedAt)}`;
  const took = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  return [`pistar ${pistar}`, `begun ${moment(startedAt)}`, end, `${duration(took)} of work`].join(" · ");
}

/** "2026-11-24 13:18 UTC", or the text itself if it is no time. */
function moment(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
