// The subtask of each frame. LeRobot's optional column "language_persistent" holds, at every frame, all persistent
// texts of the episode with their start times. pistar's rollouts hold what policy or script said, once an episode
// (`episodeSubtasks`). A subtask holds until the next.
import * as z from "zod";
import { checked } from "../system/index.ts";
import type { episodeSubtasks } from "./recording.ts";
import type { Dataset } from "./types.ts";

const column = "language_persistent";

/** The used fields of its structs (role, content, style, timestamp, camera, tool_calls). */
interface Text {
  readonly style: string | null;
  readonly content: string | null;
  readonly timestamp: number | null;
}

/** Frames' timestamps are 32-bit floats: LeRobot's tolerance in seconds. */
const tolerance = 1e-4;

const recorded = "episode_subtasks" satisfies keyof ReturnType<typeof episodeSubtasks>;

/** Whether a dataset has subtasks for its frames. */
export const hasSubtasks = (dataset: Dataset): boolean =>
  dataset.features.has(column) || dataset.episodes.some(({ extra }) => typeof extra[recorded] === "string");

/**
 * The subtask of each frame of an episode; undefined before the first.
 * @throws Error if the column holds something else
 */
export async function readSubtasks(dataset: Dataset, episode: number): Promise<(string | undefined)[]> {
  if (!dataset.features.has(column)) return readRecorded(dataset, episode);
  const columns = await dataset.columns(episode, [column, "timestamp"]);
  const texts = columns.get(column)!.data as readonly string[];
  const times = columns.get("timestamp")!.data as Float32Array;
  const parsed = new Map<string, readonly Text[]>();
  return texts.map((text, frame) => {
    const known = parsed.get(text);
    const subtasks =
      known ?? subtasksOf(text, `${dataset.root}, episode ${episode}, frame ${frame}, column "${column}"`);
    if (!known) parsed.set(text, subtasks);
    return subtasks.findLast(({ timestamp }) => (timestamp ?? 0) <= times[frame]! + tolerance)?.content?.trim();
  });
}

async function readRecorded(dataset: Dataset, episode: number): Promise<(string | undefined)[]> {
  const times = (await dataset.columns(episode, ["timestamp"])).get("timestamp")!.data as Float32Array;
  const found = dataset.episodes.find(({ index }) => index === episode)?.extra[recorded];
  const where = `${dataset.root}, episode ${episode}, column "${recorded}"`;
  const said = typeof found === "string" ? checked(saidSchema, JSON.parse(found), where) : [];
  return Array.from(
    times,
    (time) => said.findLast(({ timestamp }) => timestamp <= time + tolerance)?.content?.trim() || undefined,
  );
}

const saidSchema = z.array(z.object({ timestamp: z.number(), content: z.string().nullable() }));

/** In the order of time. */
function subtasksOf(text: string, where: string): Text[] {
  const rows = (JSON.parse(text) ?? []) as unknown;
  if (!Array.isArray(rows)) throw new Error(`${where}: expected a list of texts, got ${text.slice(0, 60)}`);
  return (rows as Text[])
    .filter(({ style, content }) => style === "subtask" && content?.trim())
    .sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
}
