// pistar ground: teaches a small network to see and read before it is a policy.
import type { Command } from "commander";
import { type GroundingErrors, groundingOptions, makeBackbone, type Spread } from "../grounding/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { withPhases } from "./progress.ts";
import { number, table } from "./table.ts";

export function addGroundCommand(program: Command): void {
  addFlags(
    program
      .command("ground")
      .description(
        "teach a small network's vision and language, on rendered scenes, where the things are that instructions name",
      )
      .requiredOption("--out <folder>", "folder of the run")
      .option("--resume", "go on where a run that was stopped had its last checkpoint")
      .option("--json", "print what was found as JSON"),
    groundingOptions,
  )
    .addHelpText("after", help)
    .action(async ({ out, resume, json, ...flags }: Record<string, unknown>) => {
      const { backbone, errors } = await withPhases((show) =>
        makeBackbone({
          folder: String(out),
          options: fromFlags(groundingOptions, flags),
          resume: resume === true,
          onProgress: (network, { step, steps, loss }) =>
            show(`${network}'s backbone`).update(step, steps, `loss ${loss.toPrecision(4)}`),
        }),
      );
      if (json) console.log(JSON.stringify({ backbone, errors }, null, 2));
      else {
        print(errors);
        console.log(`${backbone}: begin from it with pistar train … --backbone ${backbone}, and pistar value likewise`);
      }
    });
}

function print(errors: Readonly<Record<string, GroundingErrors>>): void {
  const shown = ({ median, nineOfTen }: Spread) => `${number(median)} / ${number(nineOfTen)}`;
  console.log(
    table(
      ["off by (median / nine of ten)", "object, mm", "goal, mm", "grasp point, mm", "front, pixels", "wrist, pixels"],
      Object.entries(errors).map(([network, { object, goal, grasp, pixels }]) => [
        network,
        ...[object, goal, grasp, pixels.front, pixels.wrist].map(shown),
      ]),
    ),
  );
}

const help = `
A π0.6 has seen and read much before it meets a robot. A small network learns here, from scenes of all tasks that are rendered
as it goes (no scene twice), where the object and the goal lie that the instruction names, and where in each picture things
are. A policy that begins from it leaves it as it is and learns to act by what it says.

  pistar ground --out runs/ground                                            half an hour on two cores
  pistar train data/demos --out runs/policy --no-fast --backbone runs/ground/backbone
  pistar train data/demos --out runs/policy --no-fast --backbone nano        from what this command made for pistar`;
