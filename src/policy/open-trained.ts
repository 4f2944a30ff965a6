// A trained policy from its folder: a checkpoint or an exported policy.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PistarError } from "../system/index.ts";
import { type LoadPolicyOptions, loadPolicy } from "./load-policy.ts";
import { manifestFile } from "./manifest.ts";
import type { TrainedPolicy } from "./network-policy.ts";
import { openExported } from "./open-exported.ts";

/**
 * Opens a trained policy.
 * @param path what `loadPolicy` takes, or a folder that `exportPolicy` wrote
 * @throws Error where there is none, or where it cannot take the options
 */
export async function openTrained(path: string, options: LoadPolicyOptions = {}): Promise<TrainedPolicy> {
  if (!existsSync(join(path, manifestFile))) return loadPolicy(path, options);
  if (options.promptTokens !== undefined)
    throw new PistarError(
      "bad-option",
      `${path}: an exported policy has the room for prompts that it was exported with; leave promptTokens out`,
      { path },
    );
  return openExported(path, options);
}
