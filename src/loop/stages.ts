// Stages of a run, each done once. When a stage ends, its result is kept in RUN/stages/NAME.json. A killed run begins again with its last stage.
// Trainings and collections go on within their stage.
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { readJsonAs, replaceFile, toJson } from "../system/index.ts";

export interface Stage {
  readonly name: string;
  /** Duration of the last attempt. */
  readonly seconds: number;
}

export type StageState = "begins" | "ends" | "done before";

export class Stages {
  private readonly folder: string;
  private readonly onStage: (name: string, state: StageState) => void;
  private readonly ended: Stage[] = [];

  /** @param onStage called at the begin and the end of a stage, and once for a stage with a kept result */
  constructor(run: string, onStage: (name: string, state: StageState) => void) {
    this.folder = join(run, "stages");
    this.onStage = onStage;
  }

  /** The ended stages, in order. */
  get all(): readonly Stage[] {
    return this.ended;
  }

  /** Whether a stage has ended, in this process or an earlier one. */
  has(name: string): boolean {
    return existsSync(join(this.folder, `${name}.json`));
  }

  /**
   * The result of a stage: kept by an earlier process, or else from `work`. It is JSON, and may hold numbers that are
   * not finite.
   * @param schema of the result
   * @throws PistarError damaged-file, naming file and field, if the kept result is wrong
   */
  async run<Result>(name: string, schema: z.ZodType<Result>, work: () => Promise<Result>): Promise<Result> {
    const path = join(this.folder, `${name}.json`);
    const done = existsSync(path);
    this.onStage(name, done ? "done before" : "begins");
    if (!done) {
      const begin = performance.now();
      const result = await work();
      replaceFile(path, toJson({ seconds: (performance.now() - begin) / 1000, result }));
      this.onStage(name, "ends");
    }
    const { seconds, result } = this.kept(name, schema);
    this.ended.push({ name, seconds });
    return result;
  }

  /**
   * The result of a stage that has ended.
   * @throws PistarError missing-file if it has not ended; damaged-file as `run`
   */
  result<Result>(name: string, schema: z.ZodType<Result>): Result {
    return this.kept(name, schema).result;
  }

  private kept<Result>(name: string, schema: z.ZodType<Result>): { readonly seconds: number; readonly result: Result } {
    const path = join(this.folder, `${name}.json`);
    const { seconds, result } = readJsonAs(z.object({ seconds: z.number().min(0), result: schema }), path);
    return { seconds, result: result as Result };
  }
}
