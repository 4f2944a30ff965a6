// MJCF as data: a scene is a tree of elements, printed once.

type Attribute = string | number | boolean | readonly number[];

/** An element of an MJCF document. */
export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly children: readonly Element[];
}

/** `<tag attributes>children</tag>`. Lists of numbers are printed with spaces between. */
export function element(
  tag: string,
  attributes: Readonly<Record<string, Attribute>> = {},
  children: readonly Element[] = [],
): Element {
  return { tag, attributes, children };
}

function print(value: Attribute): string {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  return typeof value === "number" ? String(value) : value.join(" ");
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** The text of a document, one element a line. */
export function formatMjcf({ tag, attributes, children }: Element, indent = ""): string {
  const printed = Object.entries(attributes).map(
    ([name, value]) => ` ${name}="${print(value).replace(/[&<>"]/g, (character) => escapes[character]!)}"`,
  );
  const start = `${indent}<${tag}${printed.join("")}`;
  if (children.length === 0) return `${start}/>`;
  return [`${start}>`, ...children.map((child) => formatMjcf(child, `${indent}  `)), `${indent}</${tag}>`].join("\n");
}
