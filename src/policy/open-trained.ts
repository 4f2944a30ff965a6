// Opens a trained policy from its folder: a checkpoint or an exported policy.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PistarError } from "../system/index.ts";
import { type LoadPolicyOptions, loadPolicy } from "./load-policy.ts";
import { manifestFile } from "./manifest.ts";
import type { TrainedPolicy } from "./network-policy.ts";
import { openExported } from "./open-exported.ts";

/**
 * Opens a trained policy.
 * @param path a path for `loadPolicy`, or a folder of `exportPolicy`
 * @throws Error if there is none, or it cannot take the options
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
