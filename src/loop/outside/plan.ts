// The commands of a run with an outside trainer, as they would run: for --dry-run.
import { controls } from "../extraction/controls.ts";
import { armName } from "../extraction/fine-tune.ts";
import { recap } from "../extraction/recap.ts";
import { sft } from "../extraction/sft.ts";
import type { RecapOptions } from "../options.ts";
import { pretrained } from "../pretrained.ts";
import { trainingOf } from "../run.ts";
import { checkOutside } from "./options.ts";
import { servingCommand } from "./serve.ts";
import { type OutsideRun, plannedCheckpoint, trainingCommand } from "./train.ts";

export interface PlannedCommand {
  /** The training, or whose policy is served. */
  readonly name: string;
  readonly command: string;
}

/**
 * The commands of a run, in order; none without an outside trainer. A port is chosen when a server starts: it stands as PORT here.
 * @throws PistarError bad-option as `checkOutside`
 */
export function plannedCommands(folder: string, options: RecapOptions): PlannedCommand[] {
  checkOutside(options, options.controls);
  if (options.trainer === undefined) return [];
  const run: Pick<OutsideRun, "folder" | "options"> = { folder, options };
  const { pretrainSteps, finetuneSteps, tasks, iterations, restart } = options;
  const train = (name: string, steps: number, from?: string): PlannedCommand[] => {
    const begun = from === undefined ? {} : { from: trainingOf({ folder }, from) };
    return [{ name, command: trainingCommand(run, name, { steps, ...begun }) }];
  };
  const both = (name: string, from: string): PlannedCommand[] => {
    const checkpoint = plannedCheckpoint(run, trainingOf({ folder }, name), finetuneSteps);
    return [
      ...train(name, finetuneSteps, from),
      { name: `${name}, served`, command: servingCommand(run, name, checkpoint, "PORT") },
    ];
  };
  const wanted = controls.filter(({ name }) => options.controls.includes(name) && name !== "guided");
  const isWordless = wanted.some(({ wordless }) => wordless);
  return [
    ...(options.from === undefined ? train(pretrained.policy, pretrainSteps) : []),
    ...(options.from === undefined && isWordless ? train(pretrained.wordless, pretrainSteps) : []),
    ...tasks.flatMap((task) => [
      ...(options.policy === undefined ? both(armName(task, 0, sft.name), pretrained.policy) : []),
      ...Array.from({ length: iterations }, (_, i) => {
        const goesOn = restart === "previous" && i > 0;
        return both(armName(task, i + 1, recap.name), goesOn ? armName(task, i, recap.name) : pretrained.policy);
      }).flat(),
      ...wanted.flatMap(({ name, wordless }) =>
        both(armName(task, iterations, name), wordless ? pretrained.wordless : pretrained.policy),
      ),
    ]),
  ];
}
