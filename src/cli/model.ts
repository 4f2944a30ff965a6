// pistar model: the parts and sizes of a network, and who can open it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import {
  type PolicyConfig,
  parameterShapes,
  policyConfig,
  prefixLength,
  sizes,
  type ValueConfig,
  valueConfig,
} from "../model/index.ts";
import {
  findCheckpoint,
  findRunPolicy,
  opensInLeRobot,
  readPolicyDescription,
  readValueDescription,
} from "../policy/index.ts";
import { number, PistarError } from "../system/index.ts";
import { elements } from "../tensor/index.ts";
import { explain } from "./help.ts";
import { table } from "./table.ts";
import { jsonFlag } from "./training.ts";

export function addModel(command: Command): void {
  const info = command
    .command("info <what>")
    .description(`Show parts, parameters and inputs of a size (${Object.keys(sizes).join(", ")}) or of a checkpoint.`)
    .option(...jsonFlag)
    .action(modelInfo);
  const examples = ["pistar model info nano", "pistar model info runs/policy"];
  explain(info, { examples });
  explain(command, { examples });
}

async function modelInfo(what: string, { json }: { json?: boolean }): Promise<void> {
  const named: [string, PolicyConfig | ValueConfig][] = [];
  let opens: string | undefined;
  if (what in sizes) {
    const size = what as keyof typeof sizes;
    const body = { cameras: ["front", "wrist"], stateSize: 6, actionSize: 6 };
    named.push(["policy", policyConfig(size, body)], ["value function", valueConfig(size, body)]);
  } else if (existsSync(what) || findRunPolicy(what)) {
    const folder = findCheckpoint(what, "last");
    const isPolicy = existsSync(join(folder, "policy_postprocessor.json"));
    named.push(
      isPolicy
        ? ["policy", (await readPolicyDescription(folder)).config]
        : ["value function", (await readValueDescription(folder)).config],
    );
    opens = opensInLeRobot(folder) ? "pistar, and LeRobot as pi05" : "pistar alone; LeRobot has no such network";
  } else
    throw new PistarError(
      "bad-option",
      `${what}: expected a size (${Object.keys(sizes).join(", ")}) or the folder of a run or a checkpoint`,
    );
  const found = named.map(([name, config]) => ({
    name,
    config,
    parameters: partsOf(config),
    prefix: prefixLength(config),
  }));
  if (json) return console.log(JSON.stringify(found, null, 2));
  for (const { name, config, parameters, prefix } of found) {
    const rows: [string, string][] = Object.entries(parameters).map(([part, count]) => [part, millions(count)]);
    rows.push(
      ["cameras", `${config.cameras.join(", ")} at ${config.vision.imageSize}×${config.vision.imageSize}`],
      ["state", `${config.stateSize} numbers, as ${config.state}`],
      ["prefix", `${prefix} tokens, ${config.promptTokens} of them for the prompt`],
    );
    if ("horizon" in config)
      rows.push(
        ["actions", `${config.horizon} steps of ${config.actionSize} numbers`],
        ["FAST tokens", String(config.actionTokens)],
      );
    else rows.push(["bins", String(config.bins)]);
    if (opens) rows.push(["opened by", opens]);
    console.log(`${table([name, ""], rows)}\n`);
  }
}

/** Parameters by part. */
function partsOf(config: PolicyConfig | ValueConfig): Record<string, number> {
  const parts: Record<string, number> = { "all parameters": 0 };
  for (const [name, shape] of parameterShapes(config)) {
    const part = name.includes("vision_tower")
      ? "vision"
      : name.includes("embed_tokens")
        ? "embeddings"
        : name.includes("gemma_expert")
          ? "action expert"
          : name.includes("language_model")
            ? "language"
            : "between them";
    parts[part] = (parts[part] ?? 0) + elements(shape);
    parts["all parameters"]! += elements(shape);
  }
  return parts;
}

const millions = (count: number) => (count >= 1e6 ? `${number(count / 1e6)} M` : number(count));
