// Flags of a command from a flat zod schema: names, types, defaults and help are the schema's.
import { type Command, Option } from "commander";
import * as z from "zod";
import { check, formatFault, PistarError } from "../system/index.ts";

/** What JSON Schema says of a field. */
interface Field {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly items?: Field;
}

const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** A flag switches a boolean off if it is true by default. */
const isOff = ({ type, default: value }: Field) => type === "boolean" && value === true;

/** The flags of `addFlags`, by field. */
export function flagsOf(schema: z.ZodObject): Readonly<Record<string, string>> {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" });
  const flag = (name: string, field: Field) => (isOff(field) ? flagOf(name).replace("--", "--no-") : flagOf(name));
  return Object.fromEntries(
    Object.entries(properties as Record<string, Field>).map(([name, field]) => [name, flag(name, field)]),
  );
}

/**
 * Adds a flag for each field: `executeSteps` is --execute-steps <number>. A list takes several values, or none if it is empty by default.
 * --no-… switches off a boolean with the default true; its description says what pistar does otherwise. A field without a default is required
 * unless it is optional.
 *
 * @param essential fields for most users; the help lists them first, in this order
 */
export function addFlags(command: Command, schema: z.ZodObject, essential: readonly string[] = []): Command {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
  const fields = properties as Record<string, Field>;
  const flags = flagsOf(schema);
  const others = Object.keys(fields).filter((name) => !essential.includes(name));
  for (const name of [...essential, ...others]) {
    const field = fields[name]!;
    const kind = field.type === "array" ? `${kindOf(field)}...` : kindOf(field);
    const text = field.type === "boolean" ? "" : mayBeEmpty(field) ? ` [${kind}]` : ` <${kind}>`;
    const option = new Option(`${flags[name]}${text}`, `${isOff(field) ? "do not " : ""}${field.description}`);
    if (essential.length > 0 && !essential.includes(name)) option.helpGroup("Advanced options:");
    const { default: value } = field;
    if (Array.isArray(value)) option.default(value, value.length === 0 ? "none" : value.join(" "));
    else if (value !== undefined && field.type !== "boolean") option.default(value, String(value));
    if (isNumber(field)) option.argParser(numberIn);
    if (field.items && isNumber(field.items))
      option.argParser((text, before: readonly unknown[] = []) =>
        before === value ? [numberIn(text)] : [...before, numberIn(text)],
      );
    option.makeOptionMandatory(required.includes(name));
    command.addOption(option);
  }
  return command;
}

const isNumber = ({ type }: Field) => type === "number" || type === "integer";

/** The flags of the user, without defaults. */
export function givenFlags(command: Command, flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) === "cli"));
}

/**
 * Checks the options that commander parsed.
 * @throws PistarError bad-option, with a line for each wrong flag
 */
export function fromFlags<Schema extends z.ZodObject>(schema: Schema, values: unknown): z.output<Schema> {
  const { shape } = schema;
  // A flag of a list without a value is the empty list.
  const given = Object.entries(values as Record<string, unknown>).map(([name, value]) => [
    name,
    value === true && shape[name] instanceof z.ZodDefault && shape[name].unwrap() instanceof z.ZodArray ? [] : value,
  ]);
  const result = check(schema, Object.fromEntries(given));
  if ("value" in result) return result.value;
  const lines = result.faults.map((fault) =>
    formatFault({ ...fault, field: fault.field.replace(/^\w+/, flagOf), got: fault.got.replace(/^"(.*)"$/, "$1") }),
  );
  throw new PistarError("bad-option", lines.join("\n"));
}

/** The number, or the text if it is none. The schema refuses text, and the error shows it. */
function numberIn(text: string): number | string {
  const number = Number(text);
  return text.trim() === "" || Number.isNaN(number) ? text : number;
}

const mayBeEmpty = ({ type, default: value }: Field) => type === "array" && Array.isArray(value) && value.length === 0;

function kindOf({ type, enum: choices, items }: Field): string {
  if (type === "array" && items) return kindOf(items);
  // A longer list would not fit the line; the description has it.
  if (choices) return choices.join("|").length <= 60 ? choices.join("|") : "name";
  return type === "integer" || type === "number" ? "number" : "text";
}
