// The options of a trainer that is not pistar's. They are flags of `pistar recap`, and fields of the JSON file that --trainer may name.
import * as z from "zod";
import { PistarError, readJsonAs } from "../../system/index.ts";
import { checkTemplate, serverPlaces, trainerPlaces } from "./template.ts";

const text = z.string().min(1).optional();

/** Of a trainer alone, for runs that serve nothing. */
export const trainerOptions = {
  trainer: text.describe(
    "command of a trainer of your own in place of pistar's, see below; or a JSON file with trainer, server and others of these options",
  ),
  from: text.describe(
    "checkpoint for that trainer to begin from, in its own words (default: the one it trains on the demonstrations first)",
  ),
  checkpoint: text.describe(
    "where that trainer leaves its checkpoint (default: {out}); a * is the name with the highest number",
  ),
};

export const outsideOptions = {
  ...trainerOptions,
  server: text.describe("command that serves such a checkpoint by openpi's protocol"),
  policy: text.describe(
    "URL of a policy that is served already, in place of the one cloned from demonstrations: it is compared with, and collects the first episodes",
  ),
  layout: text.describe(
    "keys of these servers' observations: so101, libero, aloha, droid or a JSON file (default: what they announce, else so101)",
  ),
  readyWithin: z.number().gt(0).optional().describe("seconds for a server to load its policy (default: 600)"),
  answerWithin: z.number().gt(0).optional().describe("seconds for a server's answer (default: 10)"),
};

const fields = z.object(outsideOptions);
export type OutsideOptions = z.infer<typeof fields>;

/**
 * The options with those of the JSON file that `trainer` may name. Options that are given otherwise go first.
 * @throws PistarError missing-file or damaged-file, naming the field
 */
export function withTrainerFile<Options extends { readonly trainer?: unknown }>(options: Options): Options {
  const { trainer, ...others } = options;
  if (typeof trainer !== "string" || !/^\S+\.json$/.test(trainer)) return options;
  return { ...readJsonAs(z.strictObject(outsideOptions), trainer), ...others } as Options;
}

/**
 * Checks that the options fit together.
 * @param serves whether the run asks the policies that it trains
 * @throws PistarError bad-option
 */
export function checkOutside(options: Partial<OutsideOptions>, controls: readonly string[] = [], serves = true): void {
  const { trainer, server } = options;
  if (trainer === undefined) {
    for (const name of Object.keys(outsideOptions) as (keyof OutsideOptions)[])
      if (options[name] !== undefined)
        throw new PistarError(
          "bad-option",
          `--${dashed(name)}: of no use without --trainer; give the command of a trainer`,
        );
    return;
  }
  checkTemplate("--trainer", trainer, trainerPlaces, [["dataset", "dataset_v21"], ["out"]]);
  if (options.checkpoint !== undefined) checkTemplate("--checkpoint", options.checkpoint, ["out", "steps"], [["out"]]);
  if (controls.includes("awr"))
    throw new PistarError(
      "bad-option",
      "--controls: awr weights the loss of each frame, which a trainer's dataset cannot say; leave it out with --trainer",
    );
  if (!serves) return;
  if (server === undefined)
    throw new PistarError(
      "bad-option",
      "--server: expected the command that serves a checkpoint of --trainer, got none",
    );
  checkTemplate("--server", server, serverPlaces, [["checkpoint"], ["port"]]);
  if (options.policy !== undefined && !/^wss?:\/\//.test(options.policy))
    throw new PistarError("bad-option", `--policy: expected a URL such as ws://localhost:8000, got ${options.policy}`);
}

const dashed = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
