// pistar film: a run's film of one held-out episode, SFT's policy beside RECAP's, with the value function's curve under each.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { pairPictures, type Summary } from "../loop/index.ts";
import { PistarError, readJson } from "../system/index.ts";
import { openFilm } from "./film.ts";
import { explain } from "./help.ts";
import { withProgress } from "./progress.ts";

export function addFilm(command: Command): void {
  command
    .description(
      "Show a held-out episode by SFT's policy and by RECAP's, side by side, with the value function's curve under each.",
    )
    .requiredOption("--out <file>", "film to write: .webp, .gif, .mp4, or .png for a sheet")
    .option("--task <task>", "task (default: the run's first)")
    .option("--seed <number>", "episode, one of those in the report (default: its first)", Number)
    .option("--speed <number>", "how many times as fast as it was", Number, 2);
  explain(command, {
    text: ["The films of a run lie in RUN/films and in its report. This one is for a README or a talk."],
    examples: [
      "pistar film runs/recap-quick-0 --out film.webp",
      "pistar film runs/recap-full-0 --task stack-cubes --seed 3 --speed 1 --out film.mp4",
    ],
  }).action(filmRun);
}

interface Flags {
  readonly out: string;
  readonly task?: string;
  readonly seed?: number;
  readonly speed: number;
}

async function filmRun(run: string, { out, task: name, seed, speed }: Flags): Promise<void> {
  if (!(speed > 0)) throw new PistarError("bad-option", `--speed: expected a number above 0, got ${speed}`);
  const film = filmOf(run, name, seed);
  const read = (sheet: string) => {
    const path = join(run, sheet);
    if (!existsSync(path))
      throw new PistarError("missing-file", `${path}: expected the pictures of the film, found no such file`, { path });
    return readFileSync(path);
  };
  const sheets = [read(film.before.sheet), read(film.after.sheet)] as const;
  const written = openFilm(out, film.before.fps * speed);
  await withProgress("filming", async (progress) => {
    for await (const { picture, done, total } of pairPictures(film, sheets, speed)) {
      await written.add([picture]);
      progress(done, total);
    }
  });
  await written.finish();
  console.log(`${out}: seed ${film.seed}, "${film.instruction}"`);
}

function filmOf(run: string, name: string | undefined, seed: number | undefined) {
  const path = join(run, "summary.json");
  if (!existsSync(path))
    throw new PistarError(
      "missing-file",
      `${path}: expected the summary of a run of pistar recap, found no such file`,
      {
        path,
      },
    );
  const { tasks = [] } = readJson(path) as Partial<Summary>;
  const task = name === undefined ? tasks[0] : tasks.find((other) => other.task === name);
  if (!task)
    throw new PistarError(
      "bad-option",
      `${path}: expected one of the tasks ${tasks.map((other) => other.task).join(", ")}, got ${name}`,
    );
  const { films = [] } = task;
  if (films.length === 0)
    throw new PistarError(
      "missing-file",
      `${path}: it holds no films of ${task.task}; pistar recap --resume --out ${run} makes them`,
    );
  const film = seed === undefined ? films[0] : films.find((other) => other.seed === seed);
  if (!film)
    throw new PistarError(
      "bad-option",
      `${path}: expected one of the filmed seeds ${films.map((other) => other.seed).join(", ")}, got ${seed}`,
    );
  return film;
}
