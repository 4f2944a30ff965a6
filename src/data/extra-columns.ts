// Episode-level columns of a copy: one type each over all its episodes.

const dtypes: Readonly<Record<string, string>> = {
  string: "string",
  number: "float64",
  bigint: "int64",
  boolean: "bool",
};

/** Values for a column. Lists and objects become JSON text. */
export function plainExtra(extra: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(extra)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [
        name,
        value === null || (typeof value) in dtypes ? value : JSON.stringify(value, unbig),
      ]),
  );
}

const unbig = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);

/**
 * The columns of the episodes by type; an episode may lack some.
 * @throws Error if a column holds values of two types
 */
export function extraColumns(extras: readonly Readonly<Record<string, unknown>>[]): Map<string, string> {
  const types = new Map<string, string>([["episode_success", "string"]]);
  const set = new Set<string>();
  for (const extra of extras)
    for (const [name, value] of Object.entries(plainExtra(extra))) {
      if (value === null) continue;
      const dtype = dtypes[typeof value]!;
      if (set.has(name) && types.get(name) !== dtype)
        throw new Error(`episode column "${name}": expected one type, got ${types.get(name)} and ${dtype}`);
      types.set(name, dtype);
      set.add(name);
    }
  return types;
}
