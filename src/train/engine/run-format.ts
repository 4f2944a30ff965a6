// The format of run folders. A run that was begun in another format cannot be resumed, and is told so before anything is read of it.
import { PistarError } from "../../system/index.ts";

/**
 * The format of a run's folder: names of options, stages and states. A change after which a run begun before would go on wrongly raises it.
 * 1 had no number in config.json.
 */
export const runFormatVersion = 2;

/** @throws PistarError cannot-resume where `found`, the `format_version` of a run's config.json, is another than this version writes */
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
