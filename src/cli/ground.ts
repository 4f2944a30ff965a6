// pistar ground: teaches a small network to see and read before it is a policy.
import { type Command, Option } from "commander";
import {
  type BackboneInput,
  type GroundingErrors,
  groundingOptions,
  makeBackbone,
  type Spread,
} from "../grounding/index.ts";
import { number } from "../system/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { stoppable } from "./interrupt.ts";
import { withPhases } from "./progress.ts";
import { table } from "./table.ts";

export function addGround(command: Command): void {
  command
    .description("Pre-train the vision and language of a small network on rendered scenes.")
    .requiredOption("--out <folder>", "folder of the run")
    .addOption(
      new Option("--networks <names...>", "whose backbone to make")
        .choices(["policy", "value"])
        .default(["policy", "value"], "policy value"),
    )
    .option("--resume", "go on from the last checkpoint")
    .option("--json", "print the result as JSON");
  addFlags(command, groundingOptions, ["size", "from", "steps", "seed"]);
  explain(command, { text, examples }).action(
    async ({ out, networks, resume, json, ...flags }: Record<string, unknown>) => {
      const { backbone, errors } = await stoppable((signal) =>
        withPhases((show) =>
          makeBackbone({
            signal,
            folder: String(out),
            networks: networks as NonNullable<BackboneInput["networks"]>,
            options: fromFlags(groundingOptions, flags),
            resume: resume === true,
            onProgress: (network, { step, steps, loss }) =>
              show(`${network}'s backbone`).update(step, steps, `loss ${number(loss)}`),
          }),
        ),
      );
      if (json) console.log(JSON.stringify({ backbone, errors }, null, 2));
      else {
        print(errors);
        console.log(`${backbone}: pistar train and pistar value begin from it with --backbone ${backbone}`);
      }
    },
  );
}

const text = [
  "π0.6 has seen and read much before it meets a robot. A small network has not. Here it learns, from scenes of all tasks rendered on the fly, " +
    "where the object and the goal of an instruction lie, how they are turned, and where things are in each picture. A policy's backbone also " +
    "learns what the prompt says of the advantage. A policy that begins from a backbone does not change it.",
];

const examples = [
  "# forty minutes on two cores",
  "pistar ground --out runs/ground",
  "pistar train data/demos --out runs/policy --no-fast --backbone runs/ground/backbone",
  "# with the backbone that pistar brings",
  "pistar train data/demos --out runs/policy --no-fast --backbone nano",
];

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
