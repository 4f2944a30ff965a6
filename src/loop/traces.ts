// Episodes to look at: a success, a failure and a corrected one of the last iteration, as the value function saw them.
import { encodePng, openDataset, readLabels } from "../data/index.ts";
import type { Trace } from "./summary.ts";

const pictures = 8;
const correctionColumn = "complementary_info.is_intervention";

/** Of each kind that there is, the last recorded. @param tag of the advantages */
export async function traces(root: string, tag: string): Promise<Trace[]> {
  const labels = await readLabels(root, "advantages", tag);
  const dataset = await openDataset(root);
  try {
    const found = new Map<Trace["kind"], Trace>();
    for (const { index, length, extra, tasks } of dataset.episodes.toReversed()) {
      const columns = await dataset.columns(index, [correctionColumn]);
      const intervention = Array.from(columns.get(correctionColumn)!.data as Float32Array, (x) => x > 0.5);
      const kind = intervention.includes(true)
        ? "corrected"
        : extra.episode_success === "success"
          ? "success"
          : "failure";
      if (found.has(kind)) continue;
      const rows = [...labels.episode_index.keys()].filter((row) => labels.episode_index[row] === index);
      if (rows.length !== length) continue;
      const camera = dataset.cameras[0];
      const frames = Array.from({ length: pictures }, (_, i) => Math.round((i * (length - 1)) / (pictures - 1)));
      const images = camera === undefined ? [] : await dataset.frames(index, camera, frames);
      const shown = await Promise.all(
        images.map(async (image, at) => ({
          frame: frames[at]!,
          png: Buffer.from(await encodePng(image)).toString("base64"),
        })),
      );
      found.set(kind, {
        kind,
        episode: index,
        fps: dataset.fps,
        instruction: tasks[0] ?? "",
        values: rows.map((row) => labels.value_current[row]!),
        advantages: rows.map((row) => labels.advantage_continuous[row]!),
        positive: rows.map((row) => labels.advantage[row] === 1),
        intervention,
        pictures: shown,
      });
      if (found.size === 3) break;
    }
    return (["success", "failure", "corrected"] as const).flatMap((kind) => found.get(kind) ?? []);
  } finally {
    await dataset.close();
  }
}
