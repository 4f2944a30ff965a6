// All ways to break one field of a JSON file, and the expected errors.
import { expect } from "vitest";
import { PistarError } from "../../src/system/index.ts";

type Json = Record<string, unknown>;
export type Path = readonly (string | number)[];

/** A copy in which one field has another value; `undefined` leaves it out. */
export function changed(json: Json, path: Path, value: unknown): Json {
  const copy = structuredClone(json);
  let holder = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
  if (value === undefined) delete holder[path.at(-1)!];
  else holder[path.at(-1)!] = value;
  return copy;
}

interface WrongField {
  readonly name: string;
  /** What stands in the field; `undefined`: it is not there. */
  readonly wrong: unknown;
  readonly json: Json;
}

/**
 * The file with each of its fields wrong in several ways, and without it; of lists the first entry stands for all.
 * @param allowed for a field by name the values of these that are right; "*" is any
 */
export function* wrongFields(
  json: Json,
  allowed: Readonly<Record<string, readonly unknown[]>> = {},
): Generator<WrongField> {
  for (const [path, right] of fields(json)) {
    const name = nameOf(path);
    const { [name]: fine = [] } = allowed;
    if (fine.includes("*")) continue;
    for (const wrong of [...wrongValues(right), ...(typeof path.at(-1) === "number" ? [] : [undefined])])
      if (!fine.includes(wrong)) yield { name, wrong, json: changed(json, path, wrong) };
  }
}

/** Every field with its value, from the outside in. */
function* fields(value: unknown, path: Path = []): Generator<[Path, unknown]> {
  if (path.length > 0) yield [path, value];
  if (Array.isArray(value)) {
    if (value.length > 0) yield* fields(value[0], [...path, 0]);
  } else if (value !== null && typeof value === "object")
    for (const [key, inner] of Object.entries(value)) yield* fields(inner, [...path, key]);
}

function wrongValues(right: unknown): readonly unknown[] {
  if (typeof right === "number") return ["16", -1, null, [], {}];
  if (typeof right === "string") return [3, "", null, {}];
  if (typeof right === "boolean") return ["true", 1, null];
  return Array.isArray(right) ? ["text", null, 3, {}] : ["text", null, 3, []];
}

const nameOf = (path: Path) =>
  path.reduce<string>((name, key) => {
    if (typeof key === "number") return `${name}[${key}]`;
    return name === "" ? key : `${name}.${key}`;
  }, "");

/** Fails unless an error names file and field, what was expected and what came. */
export function expectFault(error: unknown, file: string, name: string, wrong: unknown): void {
  const told = `${name} = ${JSON.stringify(wrong)}: ${error instanceof Error ? error.message : "no error"}`;
  expect(error, told).toBeInstanceOf(PistarError);
  expect(error, told).toMatchObject({ code: "damaged-file", path: file });
  const { message } = error as PistarError;
  const line = message.split("\n").find((line) => line.includes(name)) ?? "";
  expect(message, told).toContain(file);
  expect(line, told).toMatch(wrong === undefined ? /expected .+, got nothing/ : /expected .+, got /);
}
