// The optional observation layout of a policy's folder: `observation_layout` in a checkpoint's config.json or an
// exported policy's manifest.json.
import { type ObservationLayout, parseLayout } from "../serve/index.ts";
import { readJson } from "../system/index.ts";

/**
 * The layout in a JSON file, or undefined without one.
 * @throws Error naming the file if it is no layout
 */
export function storedLayout(file: string): ObservationLayout | undefined {
  const { observation_layout: layout } = readJson(file) as { observation_layout?: unknown };
  return layout === undefined ? undefined : parseLayout(layout, `${file}, observation_layout`);
}
