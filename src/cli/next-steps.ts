// What to do with the policies of a finished run: commands to copy.
import { runTasks } from "../policy/index.ts";

/** A line for each command; none for a run without policies of tasks. @param iterations of the run so far */
export function nextSteps(run: string, iterations: number): string[] {
  const [task, ...others] = runTasks(run);
  if (task === undefined) return [];
  const policy = others.length === 0 ? run : `${run}:${task}`;
  const steps = [
    ["watch it", `pistar film ${run} --out film.webp`],
    ["evaluate it", `pistar eval --task ${task} --policy ${policy}`],
    ["serve it", `pistar serve ${policy}`],
    ["supervise it", `pistar collect --task ${task} --policy ${policy} --supervisor scripted --out data/${task}`],
    ["go on with it", `pistar recap --resume --out ${run} --iterations ${iterations + 1}`],
  ] as const;
  const width = Math.max(...steps.map(([what]) => what.length));
  return [
    `The improved policy is ${policy}${others.length === 0 ? "" : ` (and ${others.map((other) => `${run}:${other}`).join(", ")})`}; other arms are ${run}:${task}:sft and so on.`,
    ...steps.map(([what, command]) => `  ${what.padEnd(width)}  ${command}`),
  ];
}
