// HTML and SVG as tagged templates. Everything inserted into a template is escaped, unless a template made it.

/** Text that is HTML already. */
export interface Markup {
  readonly markup: string;
}

type Content = Markup | string | number | null | undefined | readonly Content[];

/** Markup with all inserted text escaped, for elements and for quoted attributes; lists are joined, null and undefined are nothing. */
export function html(strings: TemplateStringsArray, ...contents: Content[]): Markup {
  return { markup: strings.reduce((before, string, index) => before + markupOf(contents[index - 1]) + string) };
}

/** Markup that needs no escaping, such as a style sheet of our own. */
export const raw = (markup: string): Markup => ({ markup });

function markupOf(content: Content): string {
  if (content === null || content === undefined) return "";
  if (typeof content === "number") return String(content);
  if (typeof content === "string") return escapeText(content);
  if ("markup" in content) return content.markup;
  return content.map(markupOf).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
