// The help of every command: what it holds, that it fits the terminal, and that it loads no more than it needs.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { commands } from "./commands.ts";
import { createProgram } from "./program.ts";

async function helpOf(name: string | undefined): Promise<string> {
  const program = await createProgram(name);
  const command = program.commands.find((one) => one.name() === name) ?? program;
  const below = (one: Command): Command[] => [
    one,
    ...one.commands.filter((sub) => sub.name() !== "help").flatMap(below),
  ];
  return (name === undefined ? [program] : below(command)).map(printed).join("");
}

function printed(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

test.each([undefined, ...commands.map(({ name }) => name)])(
  "--help of %s fits 80 columns and shows an example",
  async (name) => {
    const help = await helpOf(name);
    for (const line of help.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
    if (name !== undefined) expect(help).toMatch(new RegExp(`\\nExamples:\\n[\\s\\S]*^  pistar ${name}`, "m"));
  },
);

test("the program's help lists the commands in groups, in the order of work", async () => {
  const help = await helpOf(undefined);
  const places = commands.map(({ name }) => help.search(new RegExp(`^  ${name}\\b`, "m")));
  expect(places.every((place) => place > 0)).toBe(true);
  expect(places.toSorted((a, b) => a - b)).toEqual(places);
  expect(help.match(/^[A-Z].*:$/gm)).toHaveLength(1 + new Set(commands.map(({ group }) => group)).size + 1);
});

test("essential flags come before the advanced ones", async () => {
  const help = await helpOf("train");
  const [essential, advanced] = help.split("\nAdvanced options:\n");
  expect(essential).toMatch(/--out[\s\S]*--advantage-indicator[\s\S]*--steps/);
  expect(essential).not.toContain("--ema");
  expect(advanced).toContain("--ema");
});

test("the list of commands loads neither engine nor simulator nor pictures", () => {
  const script = `
    import { createRequire } from "node:module";
    const { createProgram } = await import(${JSON.stringify(join(import.meta.dirname, "program.ts"))});
    await createProgram(undefined);
    const loaded = [...Object.keys(createRequire(import.meta.url).cache), ...process.report.getReport().sharedObjects];
    console.log(JSON.stringify(loaded.filter((path) => /onnxruntime|mujoco|sharp|hyparquet/.test(path))));`;
  const parameters = ["--import", "tsx", "--input-type=module", "--eval", script];
  expect(JSON.parse(execFileSync(process.execPath, parameters, { encoding: "utf8" }))).toEqual([]);
}, 30_000);
