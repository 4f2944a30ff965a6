// pistar ground: teaches a small network to see and read before it is a policy.
import { type Command, Option } from "commander";
import {
  type BackboneInput,
  type GroundingErrors,
  groundingOptions,
  makeBackbone,
  type Spread,
} from "../grounding/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { stoppable } from "./interrupt.ts";
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
      .addOption(
        new Option("--networks <names...>", "whose backbone to make")
          .choices(["policy", "value"])
          .default(["policy", "value"]),
      )
      .option("--resume", "go on where a run that was stopped had its last checkpoint")
      .option("--json", "print what was found as JSON"),
    groundingOptions,
  )
    .addHelpText("after", help)
    .action(async ({ out, networks, resume, json, ...flags }: Record<string, unknown>) => {
      const { backbone, errors } = await stoppable((signal) =>
        withPhases((show) =>
          makeBackbone({
            signal,
            folder: String(out),
            networks: networks as NonNullable<BackboneInput["networks"]>,
            options: fromFlags(groundingOptions, flags),
            resume: resume === true,
            onProgress: (network, { step, steps, loss }) =>
              show(`${network}'s backbone`).update(step, steps, `loss ${loss.toPrecision(4)}`),
          }),
        ),
      );
      if (json) console.log(JSON.stringify({ backbone, errors }, null, 2));
      else {
        print(errors);
        console.log(`${backbone}: begin from it with pistar train … --backbone ${backbone}, and pistar value likewise`);
      }
    });
}

function print(errors: Readonly<Partial<Record<string, GroundingErrors>>>): void {
  const shown = (spread: Spread | null) => (spread ? `${number(spread.median)} / ${number(spread.nineOfTen)}` : "–");
  console.log(
    table(
      [
        "off by (median / nine of ten)",
        "object, mm",
        "goal, mm",
        "grasp point, mm",
        "object on goal, mm",
        "turn, °",
        "front, pixels",
        "wrist, pixels",
      ],
      Object.entries(errors).flatMap(([network, found]) => {
        if (!found) return [];
        const { object, goal, grasp, between, turn, pixels } = found;
        return [[network, ...[object, goal, grasp, between, turn, pixels.front, pixels.wrist].map(shown)]];
      }),
    ),
  );
}

const help = `
A π0.6 has seen and read much before it meets a robot. A small network learns here, from scenes of all tasks that are rendered
as it goes (no scene twice), where the object and the goal lie that the instruction names and how they are turned, where
in each picture things are, and (a policy's) what the prompt says of the advantage. A policy that begins from it leaves it
as it is and learns to act by what it says.

  pistar ground --out runs/ground                                            forty minutes on two cores
  pistar train data/demos --out runs/policy --no-fast --backbone runs/ground/backbone
  pistar train data/demos --out runs/policy --no-fast --backbone nano        from what this command made for pistar`;
