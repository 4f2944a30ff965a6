// Films of some evaluation episodes, each by SFT's policy and by RECAP's last one, with the value function's opinion. They are made after
// the evaluations and change none of them.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import * as z from "zod";
import type { Image } from "../data/index.ts";
import { loadValueFunction } from "../policy/index.ts";
import { EpisodeRunner, type Evaluation } from "../rollout/index.ts";
import { difficultyOf, simulation } from "../sim/index.ts";
import { bytesOf, writeAtomically } from "../system/index.ts";
import { evaluationOf } from "./episodes.ts";
import type { OpenedArm } from "./extraction/arm.ts";
import { type Filmed, type FilmOptions, filmEpisode } from "./film-episode.ts";
import { served } from "./outside/serve.ts";
import { type Run, trainingOf } from "./run.ts";
import { type Film, type FilmedEpisode, filmSchema } from "./summary.ts";

/** Pairs of films of a task, and pixels of their pictures: a report of several tasks has some megabytes too. */
const plans = {
  oneTask: { pairs: 5, width: 384, height: 288 },
  severalTasks: { pairs: 4, width: 288, height: 216 },
};
/** Control periods from one picture to the next: 6.25 pictures a second at the simulation's 25 Hz. */
const every = 4;
/** WebP's, of 100. */
const quality = 50;
const columns = 8;

/** An evaluated policy. */
interface Evaluated {
  readonly arm: string;
  readonly iteration: number;
  readonly opened: OpenedArm;
  readonly evaluation: Pick<Evaluation, "runs">;
}

/** Films the same held-out episodes of both policies into RUN/films, as a stage of the run. */
export function filmStage(
  run: Run,
  task: string,
  k: number,
  { before, after }: { readonly before: Evaluated; readonly after: Evaluated },
): Promise<Film[]> {
  const { listener, options, stages } = run;
  const stage = `${task}/${k}/films`;
  return stages.run(stage, z.array(filmSchema), async () => {
    const { pairs, ...size } = options.tasks.length > 1 ? plans.severalTasks : plans.oneTask;
    const seeds = chooseSeeds(before.evaluation, after.evaluation, pairs);
    const value = await loadValueFunction(trainingOf(run, `${task}/${k}/value`), { threads: 1 });
    try {
      let done = 0;
      const onFilm = () => listener.onProgress?.(stage, ++done, 2 * seeds.length);
      const shooting = { value, every, ...size, onFilm };
      const filmed = (evaluated: Evaluated) =>
        served(run, `${stage}-${evaluated.arm}`, evaluated.opened, (opened) =>
          filmsOf(run, task, { ...evaluated, opened }, seeds, shooting),
        );
      const [first, second] = [await filmed(before), await filmed(after)];
      return seeds.map((seed, i) => ({
        seed,
        instruction: first[i]!.instruction,
        before: first[i]!.kept,
        after: second[i]!.kept,
      }));
    } finally {
      await value.close();
    }
  });
}

/**
 * Seeds of episodes common to both evaluations, in their order of appearance. All four outcomes are there if they occur
 * at all: RECAP alone succeeds, both do, SFT alone does, neither does. Each outcome gives its first seeds.
 */
export function chooseSeeds(
  before: Pick<Evaluation, "runs">,
  after: Pick<Evaluation, "runs">,
  count: number,
): readonly number[] {
  const later = new Map(after.runs.map(({ seed, success }) => [seed, success]));
  const shared = before.runs.filter(({ seed }) => later.has(seed)).toSorted((a, b) => a.seed - b.seed);
  const outcomes = [
    [false, true],
    [true, true],
    [true, false],
    [false, false],
  ].map(([first, second]) => shared.filter(({ seed, success }) => success === first && later.get(seed) === second));
  const taken = outcomes.map(() => 0);
  // Round after round one of each outcome, until there are enough.
  for (let left = Math.min(count, shared.length); left > 0; )
    for (const [at, of] of outcomes.entries())
      if (left > 0 && taken[at]! < of.length) {
        taken[at]!++;
        left--;
      }
  return outcomes.flatMap((of, at) => of.slice(0, taken[at]).map(({ seed }) => seed));
}

/** Films episodes of one policy. It stays open from one to the next. */
async function filmsOf(
  run: Run,
  task: string,
  { arm, iteration, opened, evaluation }: Evaluated,
  seeds: readonly number[],
  { onFilm, ...options }: FilmOptions & { readonly onFilm: () => void },
): Promise<{ readonly instruction: string; readonly kept: FilmedEpisode }[]> {
  const asked = evaluationOf(run, task, opened);
  const driving = { ...asked, supervisor: "none" } as const;
  const { randomise } = asked;
  const difficulty = difficultyOf(task, asked.difficulty);
  const runner = new EpisodeRunner({ stations: simulation, driving, record: false });
  try {
    const made: { readonly instruction: string; readonly kept: FilmedEpisode }[] = [];
    for (const seed of seeds) {
      run.signal?.throwIfAborted();
      const filmed = await filmEpisode(runner, { task, difficulty, randomise, seed }, options);
      checkSame(run, `${task}, seed ${seed}, ${arm}`, filmed, evaluation.runs.find((other) => other.seed === seed)!);
      const sheet = `films/${task}/${iteration}-${arm}-${seed}.webp`;
      await writeSheet(join(run.folder, sheet), filmed.pictures);
      const { instruction, success, seconds, fps } = filmed;
      const values = filmed.values.map((v) => Number(v.toFixed(4)));
      made.push({ instruction, kept: { arm, iteration, success, seconds, fps, values, sheet, columns } });
      onFilm();
    }
    return made;
  } finally {
    await runner.close();
  }
}

/** A film with another outcome than the evaluation would mislead: it says so. */
function checkSame(
  { listener }: Run,
  name: string,
  filmed: Filmed,
  evaluated: { readonly success: boolean; readonly seconds: number },
): void {
  if (filmed.success === evaluated.success && filmed.seconds === evaluated.seconds) return;
  const said = ({ success, seconds }: typeof evaluated) => `${success ? "success" : "failure"} after ${seconds} s`;
  listener.onWarning?.(
    `${name}: the film ends otherwise than the evaluation did (${said(filmed)}, evaluated ${said(evaluated)})`,
  );
}

/** All pictures as one, `columns` in a row. */
async function writeSheet(path: string, pictures: readonly Image[]): Promise<void> {
  const { width, height } = pictures[0]!;
  const background = { r: 0, g: 0, b: 0 };
  const rows = Math.ceil(pictures.length / columns);
  const webp = await sharp({ create: { width: width * columns, height: height * rows, channels: 3, background } })
    .composite(
      pictures.map(({ data }, i) => ({
        input: Buffer.from(bytesOf(data)),
        raw: { width, height, channels: 3 },
        left: (i % columns) * width,
        top: Math.floor(i / columns) * height,
      })),
    )
    .webp({ quality, effort: 4 })
    .toBuffer();
  mkdirSync(dirname(path), { recursive: true });
  await writeAtomically(path, (write) => write(webp, 0));
}
