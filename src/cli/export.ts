// pistar export: a trained policy as files for any ONNX Runtime.
import type { Command } from "commander";
import { exportOptions, exportPolicy } from "../policy/index.ts";
import { number } from "../system/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { explain } from "./help.ts";
import { table } from "./table.ts";

export function addExport(command: Command): void {
  command
    .description(
      "Write a trained policy as an .onnx file that runs without pistar, in other languages and in browsers.",
    )
    .requiredOption("--out <folder>", "folder of its own; it is created, or written over");
  addFlags(command, exportOptions);
  explain(command, { text, examples }).action(
    async (checkpoint: string, { out, ...flags }: Record<string, unknown>) => {
      const { manifest, difference } = await exportPolicy(checkpoint, String(out), fromFlags(exportOptions, flags));
      const { inputs, outputs, denoising_steps: steps, guidance, advantage } = manifest;
      console.log(
        table(
          ["policy.onnx", "", ""],
          [
            ...inputs.map(({ name, dtype, shape }) => ["in", name, `${dtype} [${shape.join(", ")}]`]),
            ...outputs.map(({ name, dtype, shape }) => ["out", name, `${dtype} [${shape.join(", ")}]`]),
          ],
        ),
      );
      console.log(
        `${String(out)}: ${steps} denoising steps, guidance ${guidance}, advantage ${advantage}. Its answer to the example differs from the ` +
          `checkpoint's by ${number(difference)} at most.`,
      );
    },
  );
}

const text = [
  "The checkpoint is a run (then its last checkpoint), one of its checkpoints, or a pretrained_model folder. The folder gets these files:",
  [
    "  policy.onnx     from pictures, state and prompt to the action chunk, in the",
    "                  robot's units; normalisation and denoising are inside",
    "  manifest.json   inputs, outputs, cameras, the prompt's template, joints, rate",
    "  tokenizer.json  the prompt's tokenizer",
    "  example/        an observation, and the actions that are right for it",
  ].join("\n"),
  "How the policy samples (--denoising-steps, --guidance, --advantage-indicator) becomes part of policy.onnx. Above 1.9 GB its numbers lie " +
    "beside it, in policy.onnx.data.",
  "examples/exported-policy in pistar's repository runs the result in Node and in a web page.",
];

const examples = [
  "pistar export runs/policy --out exported",
  "# evaluate what was exported",
  "pistar eval --policy exported --task cube-in-bowl",
  "# serve it as any policy",
  "pistar serve exported",
];
