// npm run bench -- NAME runs bench/NAME.ts. Without a name it lists the benchmarks.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const name = process.argv[2];
const measures = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ name: file.slice(0, -3), text: readFileSync(join(import.meta.dirname, file), "utf8") }))
  .filter(({ text }) => /bench: "\w/.test(text));

if (measures.some((measure) => measure.name === name)) {
  process.argv.splice(2, 1);
  await import(`./${name}.ts`);
} else {
  console.error(`Usage: npm run bench -- NAME${name === undefined ? "" : `\nThere is no "${name}".`}\n`);
  for (const { name, text } of measures)
    console.error(`${name}\n${text.match(/^(\/\/.*\n)+/)?.[0].replace(/^\/\/ ?/gm, "  ") ?? ""}`);
  process.exitCode = name === undefined || name === "--help" ? 0 : 1;
}
