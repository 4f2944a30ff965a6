// Episodes as the value function sees them, for the report: the last recorded success, failure and corrected episode.
import { encodePng, type Image, openDataset, readLabels, renaming, resizeWithPad } from "../data/index.ts";
import { interventionColumn, succeeded, type TaskLabels } from "../train/index.ts";
import type { Trace } from "./summary.ts";

const pictures = 8;
const kinds = ["success", "failure", "corrected"] as const;

/**
 * Reads traces of the last recorded episodes of each kind.
 * @param tag of the advantages
 * @param thresholds ε of each instruction
 * @param each number of traces of a kind
 * @param rename "stored=name": other names for columns of the files
 */
export async function readTraces(
  root: string,
  tag: string,
  thresholds: readonly Pick<TaskLabels, "task" | "threshold">[],
  { each = 1, rename = [] }: { readonly each?: number; readonly rename?: readonly string[] | undefined } = {},
): Promise<Trace[]> {
  const labels = await readLabels(root, "advantages", tag);
  const dataset = await openDataset(root, { usualNames: true, rename: renaming(rename) });
  try {
    const found: Trace[] = [];
    const ofKind = (kind: Trace["kind"]) => found.filter((trace) => trace.kind === kind);
    const column = interventionColumn(dataset);
    for (const episode of dataset.episodes.toReversed()) {
      const { index, length, tasks } = episode;
      const acted = column === undefined ? undefined : (await dataset.columns(index, [column])).get(column)!;
      const intervention = Array.from({ length }, (_, frame) => Number(acted?.data[frame] ?? 0) > 0.5);
      const kind = intervention.includes(true) ? "corrected" : succeeded(episode) ? "success" : "failure";
      if (ofKind(kind).length === each) continue;
      const rows = [...labels.episode_index.keys()].filter((row) => labels.episode_index[row] === index);
      if (rows.length !== length) continue;
      const camera = dataset.cameras[0];
      const frames = Array.from({ length: pictures }, (_, i) => Math.round((i * (length - 1)) / (pictures - 1)));
      const images = camera === undefined ? [] : await dataset.frames(index, camera, frames);
      const shown = await Promise.all(
        images.map(async (image, at) => ({
          frame: frames[at]!,
          png: Buffer.from(await encodePng(thumbnail(image))).toString("base64"),
        })),
      );
      found.push({
        kind,
        episode: index,
        fps: dataset.fps,
        instruction: tasks[0] ?? "",
        threshold: thresholds.find(({ task }) => task === (tasks[0] ?? ""))?.threshold ?? null,
        values: rows.map((row) => labels.value_current[row]!),
        advantages: rows.map((row) => labels.advantage_continuous[row]!),
        positive: rows.map((row) => labels.advantage[row] === 1),
        intervention,
        pictures: shown,
      });
      if (found.length === kinds.length * each) break;
    }
    return kinds.flatMap(ofKind);
  } finally {
    await dataset.close();
  }
}

/** Width in pixels, twice that of the report, for screens of high resolution. */
const widest = 300;

/** A camera's picture, small enough for a report. */
function thumbnail(image: Image): Image {
  const factor = Math.min(1, widest / image.width);
  return resizeWithPad(
    image,
    Math.max(1, Math.round(image.height * factor)),
    Math.max(1, Math.round(image.width * factor)),
  );
}
