// JSON as Python's json module writes it, for files that pandas and `datasets` read: they take `0` for an integer and `0.0` for
// a float, and refuse a column that has both.

/** A number that is a float whatever its value. */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** One line of JSON. Numbers that are whole are integers unless they are a PythonFloat; bigints keep all digits. */
export function pythonJson(value: unknown): string {
  if (value instanceof PythonFloat) return floatText(value.value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : floatText(value);
  if (ArrayBuffer.isView(value)) return pythonJson(Array.from(value as Uint8Array));
  if (Array.isArray(value)) return `[${value.map((item) => pythonJson(item ?? null)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${pythonJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
