// The outcomes of an audit's runs, in a file that only grows. Its first line says how the runs were made. Each further line holds
// one round of one episode, whole. A resumed audit cuts off a half-written line.
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { checked, PistarError, replaceFile, sync, toJson } from "../system/index.ts";

const count = z.int().min(0);

/** Periods until success, counted from the moment; null for a failure. */
const outcome = z.int().min(1).nullable();

const roundSchema = z.object({
  episode: count,
  /** 0 for the first two runs of each moment, 1 for the next two. */
  round: count,
  /** For each moment its frame and the outcomes of two runs. */
  moments: z.array(z.tuple([count, outcome, outcome]).readonly()).readonly(),
  /** Runs with faults of the policy. */
  troubled: count,
});
/** One round of an episode: two runs of the policy from each of its moments. */
export type RunRound = Readonly<z.infer<typeof roundSchema>>;

/** How the runs of a file were made. Other runs do not belong into it. */
export type RunsMade = Readonly<Record<string, unknown>>;

/** 1: the first. */
const formatVersion = 1;

const linesOf = (path: string) => (existsSync(path) ? readFileSync(path, "utf8").split("\n") : []);

/**
 * Reads the rounds of a file; none if there is no file.
 * @throws PistarError damaged-file naming the line
 */
export function readRounds(path: string): RunRound[] {
  return linesOf(path)
    .slice(1, -1)
    .map((line, at) => checked(roundSchema, parsed(line, path, at + 2), `${path}, line ${at + 2}`));
}

function parsed(line: string, path: string, at: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    const message = `${path}, line ${at}: expected JSON, got ${JSON.stringify(line.slice(0, 40))}`;
    throw new PistarError("damaged-file", message, { path, cause });
  }
}

/**
 * Opens a file for more rounds. It is created if it is not there.
 * @returns its rounds, and a function to append one; an appended round is on the disk
 * @throws PistarError cannot-resume if its runs were made in another way
 */
export function openRounds(
  path: string,
  made: RunsMade,
): { readonly rounds: readonly RunRound[]; append(round: RunRound): void } {
  const asked = { format_version: formatVersion, ...made };
  const lines = linesOf(path);
  if (lines.length < 2) {
    replaceFile(path, `${toJson(asked)}\n`);
  } else {
    checkMade(path, parsed(lines[0]!, path, 1) as RunsMade, asked);
    const torn = Buffer.byteLength(lines.at(-1)!);
    if (torn > 0) truncateSync(path, Buffer.byteLength(lines.join("\n")) - torn);
  }
  return {
    rounds: readRounds(path),
    append(round) {
      appendFileSync(path, `${toJson(round)}\n`);
      sync(path);
    },
  };
}

function checkMade(path: string, found: RunsMade, asked: RunsMade): void {
  const wanted = JSON.parse(toJson(asked)) as RunsMade;
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(found)]))
    if (!isDeepStrictEqual(found[name], wanted[name]))
      throw new PistarError(
        "cannot-resume",
        `${path}: an audit with ${name} ${toJson(found[name]) ?? "unset"} is there, asked for was ${toJson(wanted[name]) ?? "unset"}; ` +
          "go on with the same options, or choose another folder",
        { path },
      );
}
