// pistar doctor: is a dataset fit for RECAP?
import type { Command } from "commander";
import { examineDataset, openDataset, renaming } from "../data/index.ts";
import { PistarError } from "../system/index.ts";
import { valuesOfEach } from "../train/index.ts";
import { explain } from "./help.ts";
import { withPhases, withProgress } from "./progress.ts";

interface DoctorFlags {
  readonly labels?: string;
  readonly column?: string;
  readonly value?: readonly string[];
  readonly rename?: readonly string[];
  readonly json?: boolean;
}

/** Completes the command. */
export function addDoctor(command: Command): void {
  explain(
    command
      .option("--labels <tag>", "judge these labels too (meta/advantages_TAG.parquet)")
      .option("--column <name>", "judge the labels that another tool wrote into a column; above 0.5 is positive")
      .option("--value <checkpoints...>", "compare the values of these value functions, such as those of the folds")
      .option("--rename <stored=name...>", "read columns under other names, such as joints=observation.state")
      .option("--json", "print JSON")
      .action(doctor),
    {
      text: [
        "It looks at successes and failures of each task, lengths, corrections, frames without motion, jumps, the delay from action to state, repeated episodes and frozen cameras. Of labels it tells the positives by task, source and phase, and whether labels follow one of them, the light or the episode more than the action. Value functions should agree with one another.",
      ],
      examples: [
        "pistar doctor data/rollouts",
        "pistar doctor data/rollouts --labels default",
        "pistar doctor data/others --column complementary_info.acp_indicator",
        "pistar doctor data/rollouts --value runs/fold-1 runs/fold-2 runs/fold-3",
      ],
    },
  );
}

async function doctor(root: string, { labels, column, value = [], rename, json }: DoctorFlags): Promise<void> {
  if (labels !== undefined && column !== undefined)
    throw new PistarError("bad-option", "expected --labels or --column, not both");
  if (value.length === 1)
    throw new PistarError("bad-option", "--value: expected two value functions or more to compare, got one");
  const dataset = await openDataset(root, { usualNames: true, ...(rename && { rename: renaming(rename) }) });
  try {
    const values =
      value.length === 0
        ? []
        : await withPhases((show) =>
            valuesOfEach(value, root, rename && { rename: [...rename] }, {
              onDecode: (done, total) => show("decoding pictures").update(done, total),
              onProgress: (done, total) => show("valuing").update(done, total),
            }),
          );
    const { fit, findings } = await withProgress("looking", (progress) =>
      examineDataset(dataset, { labels, column, values, progress }),
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
