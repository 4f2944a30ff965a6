// Checks data from outside against a zod schema. A fault names the field, the expected value and the value found.
import type * as z from "zod";
import { type ErrorCode, PistarError } from "./error.ts";

/** One fault of a value. */
export interface Fault {
  /** Such as "network.vision.kind"; empty for the value itself. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

/** The parsed value, or all its faults. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { readonly value: z.output<Schema> } | { readonly faults: readonly Fault[] } {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  return { faults: result.error.issues.flatMap((issue) => faultsOf(issue, value)) };
}

/**
 * The parsed value.
 * @param where begins the error's message, and is its path: a file as a rule
 * @throws PistarError listing all faults
 */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
  code: ErrorCode = "damaged-file",
): z.output<Schema> {
  const result = check(schema, value);
  if ("value" in result) return result.value;
  const lines = result.faults.map(formatFault);
  throw new PistarError(code, lines.length === 1 ? `${where}: ${lines[0]}` : `${where}:\n  ${lines.join("\n  ")}`, {
    path: where,
  });
}

export const formatFault = ({ field, expected, got }: Fault): string =>
  `${field === "" ? "" : `${field}: `}expected ${expected}, got ${got}`;

type Issue = z.core.$ZodIssue;

function faultsOf(issue: Issue, value: unknown): Fault[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      field: fieldName([...issue.path, key]),
      expected: "no such field",
      got: quoted(at(value, [...issue.path, key])),
    }));
  return [{ field: fieldName(issue.path), expected: expectedOf(issue), got: quoted(at(value, issue.path)) }];
}

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeNames[issue.expected] ?? issue.expected;
    case "invalid_value":
      return listed(issue.values);
    case "invalid_union":
      if (issue.inclusive !== false && issue.options) return listed(issue.options);
      if (issue.message !== "Invalid input") return issue.message; // the schema's own words
      return [...new Set(issue.errors.flatMap(([first]) => (first ? [expectedOf(first)] : [])))].join(" or ");
    case "too_small":
      return bound(issue.origin, "least", issue.minimum, issue.inclusive);
    case "too_big":
      return bound(issue.origin, "most", issue.maximum, issue.inclusive);
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
  null: "null",
  undefined: "nothing",
  function: "a function",
};

function bound(origin: string, side: "least" | "most", limit: number | bigint, inclusive = true): string {
  const many = (what: string) =>
    `${inclusive ? `at ${side}` : side === "least" ? "more than" : "fewer than"} ${limit} ${what}`;
  if (origin === "array") return many(limit === 1 ? "entry" : "entries");
  if (origin === "string")
    return Number(limit) === 1 && side === "least" ? "text that is not empty" : many("characters");
  if (inclusive) return `a number ${side === "least" ? "from" : "up to"} ${limit}${side === "least" ? " up" : ""}`;
  return `a number ${side === "least" ? "above" : "below"} ${limit}`;
}

const listed = (values: readonly unknown[]) =>
  values.map((value) => (typeof value === "bigint" ? String(value) : JSON.stringify(value))).join(" or ");

const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (name, key) => (typeof key === "number" ? `${name}[${key}]` : name === "" ? String(key) : `${name}.${String(key)}`),
    "",
  );

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], value);

/** A value as an error shows it. */
function quoted(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "function") return "a function";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
