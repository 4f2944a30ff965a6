// The format of run folders. A run in another format cannot be resumed; the error says so before anything else is read.
import { PistarError } from "../../system/index.ts";

/**
 * Version of the names of options, stages and states. Raise it with every change that an earlier run could not be resumed after.
 * Version 1 had no number in config.json.
 */
export const runFormatVersion = 2;

/** @throws PistarError cannot-resume if `found`, the `format_version` of a run's config.json, is not `runFormatVersion` */
export function checkRunFormat(run: string, found: unknown): void {
  if (found === runFormatVersion) return;
  const newer = typeof found === "number" && found > runFormatVersion;
  throw new PistarError(
    "cannot-resume",
    `${run}: this run cannot be resumed: ${newer ? "a newer" : "an earlier"} pistar began it ` +
      `(format_version ${found ?? "absent"} in config.json, expected ${runFormatVersion}). ` +
      (newer
        ? "Update pistar."
        : "Begin a new run in another folder. Its checkpoints can still be read, as --from and --policy."),
    { path: run },
  );
}
