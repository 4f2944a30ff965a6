// pistar tasks: the simulated tasks, and a picture of each.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { encodePng } from "../data/index.ts";
import { createTaskWorld, tasks } from "../sim/index.ts";
import { duration } from "../system/index.ts";
import { explain } from "./help.ts";
import { widthOf, wrap } from "./terminal.ts";

export function addTasks(command: Command): void {
  command
    .description("List the simulated tasks.")
    .option("--out <folder>", "write a picture of each task as PNG into a folder");
  explain(command, { examples: ["pistar tasks", "pistar tasks --out pictures"] }).action(listTasks);
}

async function listTasks({ out }: { out?: string }): Promise<void> {
  for (const { name, description, timeLimit, difficulty, instructions } of tasks) {
    const about = `${description}. ${duration(timeLimit)}, difficulty ${difficulty}, ${instructions.length} instructions such as "${instructions[0]}"`;
    console.log(`${name}\n  ${wrap(about, widthOf(process.stdout), "  ")}`);
  }
  if (out === undefined) return;
  mkdirSync(out, { recursive: true });
  for (const task of tasks) {
    const world = await createTaskWorld(task);
    const picture = world.look({ name: "front", width: 320, height: 240 });
    writeFileSync(join(out, `${task.name}.png`), await encodePng(picture));
    await world.close();
  }
  console.log(`${out}: ${tasks.length} pictures, ${tasks.map(({ name }) => `${name}.png`).join(", ")}`);
}
