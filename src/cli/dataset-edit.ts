// pistar dataset edit: new datasets from others. The source is never changed.
import { join } from "node:path";
import type { Command } from "commander";
import {
  type CopyOptions,
  checkDropped,
  copyEpisodes,
  episodeList,
  type LeRobotDataset,
  mergedPieces,
  openDataset,
  type Piece,
  partsByShare,
  piecesOf,
  renaming,
  unreadable,
  withCut,
  withOutcomes,
  withoutEpisodes,
} from "../data/index.ts";
import { PistarError } from "../system/index.ts";
import { explain } from "./help.ts";
import { withProgress } from "./progress.ts";
import { warn } from "./terminal.ts";

const episodesHelp = "episodes such as 3, 5-8 or 0,2,7-9";
const rename = ["--rename <stored=name...>", "read columns by other names, such as state=observation.state"] as const;

interface Renamed {
  readonly rename?: string[];
}

/** Adds the command group `edit`. */
export function addEditCommands(dataset: Command): void {
  const edit = dataset
    .command("edit")
    .description(
      "Write a new dataset from others: leave episodes out, split, merge, rename, cut. The source is never changed.",
    );
  explain(edit, {
    examples: [
      "pistar dataset edit delete data/demos data/clean --episodes 3,5-8",
      "pistar dataset edit split data/demos data/parts --parts train=0.8 test=0.2",
      "pistar dataset edit merge data/all data/demos data/rollouts",
      "pistar dataset edit outcome data/demos data/judged --success 0-39 --failure 40-49",
      "pistar dataset edit cut data/demos data/short --episode 4 --from 10 --to 200",
    ],
  });

  edit
    .command("delete <root> <target>")
    .description("Leave episodes out; the others are numbered anew.")
    .requiredOption("--episodes <list...>", episodesHelp)
    .option(...rename)
    .action((root: string, target: string, { episodes, ...names }: Renamed & { episodes: string[] }) =>
      one(root, (source) => save(withoutEpisodes(source, episodeList(episodes)), target), names),
    );

  edit
    .command("keep <root> <target>")
    .description("Keep some episodes.")
    .requiredOption("--episodes <list...>", episodesHelp)
    .option(...rename)
    .action((root: string, target: string, { episodes, ...names }: Renamed & { episodes: string[] }) =>
      one(root, (source) => save(piecesOf(source, episodeList(episodes)), target), names),
    );

  edit
    .command("split <root> <folder>")
    .description("Write parts as datasets FOLDER/NAME, by episodes or by share.")
    .requiredOption("--parts <name=part...>", "such as train=0-79 test=80-99, or train=0.8 test=0.2")
    .option(...rename)
    .action((root: string, folder: string, { parts, ...names }: Renamed & { parts: string[] }) =>
      one(
        root,
        async (source) => {
          for (const [name, pieces] of splitBy(source, parts)) await save(pieces, join(folder, name));
        },
        names,
      ),
    );

  edit
    .command("merge <target> <roots...>")
    .description("Put datasets with the same fps and features one after the other.")
    .option(...rename)
    .action(async (target: string, roots: string[], { rename = [] }: { readonly rename?: string[] }) => {
      const sources: LeRobotDataset[] = [];
      try {
        for (const root of roots) sources.push(await openDataset(root, { rename: renaming(rename) }));
        await save(mergedPieces(sources), target);
      } finally {
        for (const source of sources) await source.close();
      }
    });

  edit
    .command("rename <root> <target> <stored=name...>")
    .description("Rename columns, such as state=observation.state.")
    .action((root: string, target: string, pairs: string[]) =>
      one(root, (source) => save(piecesOf(source), target), { rename: pairs }),
    );

  edit
    .command("outcome <root> <target>")
    .description("Set or clear the outcome of episodes (episode_success).")
    .option("--success <list...>", episodesHelp, [])
    .option("--failure <list...>", episodesHelp, [])
    .option("--clear <list...>", episodesHelp, [])
    .option(...rename)
    .action(
      (root: string, target: string, lists: Renamed & Readonly<Record<"success" | "failure" | "clear", string[]>>) =>
        one(root, (source) => save(withOutcomes(piecesOf(source), outcomesOf(source, lists)), target), lists),
    );

  edit
    .command("drop <root> <target> <features...>")
    .description("Leave cameras or other features out.")
    .option(...rename)
    .action((root: string, target: string, features: string[], names: Renamed) =>
      one(
        root,
        async (source) => {
          checkDropped(source, features);
          await save(piecesOf(source), target, { without: features });
        },
        names,
      ),
    );

  edit
    .command("cut <root> <target>")
    .description(
      "Cut an episode to a span of frames; video is encoded anew only where the span begins between key frames.",
    )
    .requiredOption("--episode <number>", "the episode", Number)
    .requiredOption("--from <frame>", "its first frame", Number)
    .requiredOption("--to <frame>", "the frame after its last", Number)
    .option(...rename)
    .action(
      (
        root: string,
        target: string,
        { episode, from, to, ...names }: Renamed & Record<"episode" | "from" | "to", number>,
      ) =>
        one(
          root,
          (source) => {
            piecesOf(source, [episode]);
            return save(withCut(piecesOf(source), episode, from, to), target);
          },
          names,
        ),
    );

  edit
    .command("drop-unreadable <root> <target>")
    .description("Leave out the episodes of which a column or a picture cannot be read.")
    .option(...rename)
    .action((root: string, target: string, names: Renamed) =>
      one(root, async (source) => save(await readablePieces(source), target), names, { lenient: true }),
    );
}

/** Runs an edit of one dataset. */
async function one(
  root: string,
  task: (source: LeRobotDataset) => Promise<void>,
  { rename: names }: Renamed,
  options: Parameters<typeof openDataset>[1] = {},
): Promise<void> {
  const source = await openDataset(root, { ...options, ...(names && { rename: renaming(names) }) });
  try {
    await task(source);
  } finally {
    await source.close();
  }
}

async function save(pieces: readonly Piece[], target: string, options: CopyOptions = {}): Promise<void> {
  await withProgress("copying", (progress) =>
    copyEpisodes(pieces, target, { ...options, progress, onNote: (note) => console.error(`note: ${note}`) }),
  );
  console.log(`${target}: ${pieces.length} episodes`);
}

function splitBy(source: LeRobotDataset, parts: readonly string[]): [string, Piece[]][] {
  const given = Object.entries(renaming(parts));
  const outside = given.find(([name]) => /[/\\]|^\.+$/.test(name));
  if (outside)
    throw new PistarError("bad-option", `expected names of parts without a path, got ${JSON.stringify(outside[0])}`);
  const shares = given.map(([, part]) =>
    /^0?\.\d+$|^1(\.0*)?$/.test(part) && part.includes(".") ? Number(part) : undefined,
  );
  if (shares.every((share) => share !== undefined)) {
    const pieces = partsByShare(source, shares);
    return given.map(([name], at) => [name, pieces[at]!]);
  }
  return given.map(([name, part]) => [name, piecesOf(source, episodeList([part]))]);
}

function outcomesOf(
  source: LeRobotDataset,
  { success, failure, clear }: Readonly<Record<"success" | "failure" | "clear", string[]>>,
): Map<number, "success" | "failure" | null> {
  const lists = [
    ["success", episodeList(success)],
    ["failure", episodeList(failure)],
    [null, episodeList(clear)],
  ] as const;
  const outcomes = new Map<number, "success" | "failure" | null>();
  for (const [outcome, list] of lists) {
    piecesOf(source, list);
    for (const episode of list) {
      if (outcomes.has(episode))
        throw new PistarError("bad-option", `expected one outcome an episode, episode ${episode} has two`);
      outcomes.set(episode, outcome);
    }
  }
  if (outcomes.size === 0)
    throw new PistarError("bad-option", "expected --success, --failure or --clear with episodes");
  return outcomes;
}

async function readablePieces(source: LeRobotDataset): Promise<Piece[]> {
  const pieces = piecesOf(source);
  const kept: Piece[] = [];
  await withProgress("reading", async (progress) => {
    for (const [at, piece] of pieces.entries()) {
      const reason = await unreadable(source, piece.episode);
      if (reason === undefined) kept.push(piece);
      else warn(`episode ${piece.episode} is left out: ${reason}`);
      progress(at + 1, pieces.length);
    }
  });
  return kept;
}
