// pistar export: a trained policy as files for any ONNX Runtime.
import type { Command } from "commander";
import { exportOptions, exportPolicy } from "../policy/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { number, table } from "./table.ts";

export function addExportCommand(program: Command): void {
  addFlags(
    program
      .command("export <checkpoint>")
      .description("write a trained policy as an .onnx file that runs without pistar, in other languages and browsers")
      .requiredOption("--out <folder>", "folder of its own, made or written over"),
    exportOptions,
  )
    .addHelpText("after", help)
    .action(async (checkpoint: string, { out, ...flags }: Record<string, unknown>) => {
      const { manifest, difference } = await exportPolicy(checkpoint, String(out), fromFlags(exportOptions, flags));
      const { inputs, outputs, denoising_steps: denoisingSteps, guidance, advantage } = manifest;
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
        `${String(out)}: ${denoisingSteps} denoising steps, guidance ${guidance}, advantage ${advantage}; answers its example as the checkpoint does, to ${number(difference)}`,
      );
    });
}

const help = `
The checkpoint is a run (then its last), one of its checkpoints, or a pretrained_model folder. The folder gets

  policy.onnx     everything from pictures, state and prompt to the action chunk, in the robot's units: normalisation, masks, all Euler steps
  manifest.json   its inputs and outputs, cameras, the prompt's template, rate and names of the actions, each explained
  tokenizer.json  the prompt's tokenizer
  example/        an observation, and the actions that are right for it

How the policy is asked (--denoising-steps, --guidance, --advantage-indicator) becomes part of policy.onnx. Above 1.9 GB its numbers stand beside it, in
policy.onnx.data.

  pistar export runs/policy --out exported
  pistar eval --policy exported --task cube-in-bowl    as if it were --policy runs/policy; pistar serve takes it too
  node examples/exported-policy/node.js exported exported/example/observation.json

examples/exported-policy in pistar's repository runs it in Node and in a web page; what both share, policy.js, is all that it takes.`;
