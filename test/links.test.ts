// Links of the documentation lead to files of the package.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !name.startsWith("api"))
    .map((name) => join("docs", name)),
];

/** Targets of links and pictures that are files, without their part of the page. */
const targetsOf = (markdown: string): string[] =>
  [...markdown.replace(/```.*?```/gs, "").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!.split("#")[0]!)
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target));

test.each(pages)("%s: every link leads to a file", (page) => {
  const missing = targetsOf(readFileSync(join(root, page), "utf8")).filter(
    (target) => !existsSync(join(root, dirname(page), target)),
  );
  expect(missing).toEqual([]);
});

test.each(pages.filter((page) => page !== "CONTRIBUTING.md"))("%s: links stay within what npm packs", (page) => {
  const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
  const outside = targetsOf(readFileSync(join(root, page), "utf8"))
    .map((target) => relative(root, join(root, dirname(page), target)))
    .filter(
      (target) => target !== "README.md" && !files.some((file) => target === file || target.startsWith(file + sep)),
    );
  expect(outside).toEqual([]);
});
