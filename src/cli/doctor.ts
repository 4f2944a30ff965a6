// pistar doctor: is a dataset fit for RECAP?
import type { Command } from "commander";
import { examineDataset, openDataset, renaming } from "../data/index.ts";
import { PistarError } from "../system/index.ts";
import { explain } from "./help.ts";
import { withProgress } from "./progress.ts";

interface DoctorFlags {
  readonly labels?: string;
  readonly column?: string;
  readonly rename?: readonly string[];
  readonly json?: boolean;
}

/** Completes the command. */
export function addDoctor(command: Command): void {
  explain(
    command
      .option("--labels <tag>", "judge these labels too (meta/advantages_TAG.parquet)")
      .option("--column <name>", "judge the labels that another tool wrote into a column; above 0.5 is positive")
      .option("--rename <stored=name...>", "read columns under other names, such as joints=observation.state")
      .option("--json", "print JSON")
      .action(doctor),
    {
      text: [
        "It looks at successes and failures of each task, lengths, corrections, frames without motion, jumps, the delay from action to state, repeated episodes and frozen cameras; of labels at the share of positives by task, source and phase.",
      ],
      examples: [
        "pistar doctor data/rollouts",
        "pistar doctor data/rollouts --labels default",
        "pistar doctor data/others --column complementary_info.acp_indicator",
      ],
    },
  );
}

async function doctor(root: string, { labels, column, rename, json }: DoctorFlags): Promise<void> {
  if (labels !== undefined && column !== undefined)
    throw new PistarError("bad-option", "expected --labels or --column, not both");
  const dataset = await openDataset(root, { usualNames: true, ...(rename && { rename: renaming(rename) }) });
  try {
    const { fit, findings } = await withProgress("looking", (progress) =>
      examineDataset(dataset, { labels, column, progress }),
    );
    if (json) {
      console.log(JSON.stringify({ fit, findings }, null, 2));
      return;
    }
    console.log(`${root}: fit for RECAP: ${fit}\n`);
    for (const { weight, text, mend } of findings) {
      console.log(`${{ bad: "no", care: "care", good: "ok" }[weight].padEnd(5)}${text}`);
      if (mend) console.log(`     ${mend}`);
    }
  } finally {
    await dataset.close();
  }
}
