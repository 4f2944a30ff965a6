// Commands with places to fill in, such as `python train.py --data {dataset} --out {out}`. A shell runs them, so `cd`, `&&` and ${VARIABLES} work.
import { PistarError } from "../../system/index.ts";

/** What a trainer's command may name. */
export const trainerPlaces = ["dataset", "dataset_v21", "from", "out", "steps", "seed", "resume", "name"] as const;
/** What a server's command may name. */
export const serverPlaces = ["checkpoint", "port", "name"] as const;

/** {word}, but not the shell's ${word}. */
const place = /(?<!\$)\{(\w+)\}/g;

/** Whether a command names a place. */
export const names = (template: string, name: string): boolean =>
  [...template.matchAll(place)].some((match) => match[1] === name);

/**
 * Checks the places of a command.
 * @param flag for the error
 * @param needed of each list one must be there
 * @throws PistarError bad-option
 */
export function checkTemplate(
  flag: string,
  template: string,
  known: readonly string[],
  needed: readonly (readonly string[])[],
): void {
  const listed = known.map((name) => `{${name}}`).join(" ");
  for (const [whole, name] of template.matchAll(place))
    if (!known.includes(name!))
      throw new PistarError("bad-option", `${flag}: expected only ${listed} to be filled in, got ${whole}`);
  for (const some of needed)
    if (!some.some((name) => names(template, name)))
      throw new PistarError(
        "bad-option",
        `${flag}: expected ${some.map((name) => `{${name}}`).join(" or ")} in it, got ${JSON.stringify(template)}`,
      );
}

/** The command with its places filled in, quoted for the shell where needed. */
export const fill = (template: string, values: Readonly<Record<string, string | number>>): string =>
  template.replace(place, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : quoted(String(value));
  });

/** The same without quotes, for a path. */
export const fillPath = (template: string, values: Readonly<Record<string, string | number>>): string =>
  template.replace(place, (whole, name: string) => String(values[name] ?? whole));

const quoted = (text: string) => (/^[\w@%+=:,./*-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
