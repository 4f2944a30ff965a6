// One colour for each geom. MuJoCo keeps it with the geom or with its material, and a material may take it from a
// texture.
import type { ModelArrays } from "./model-arrays.ts";

/** MuJoCo's colour for a geom without one. */
const unset = [0.5, 0.5, 0.5, 1];
/** Textures of a material in `mat_texid`, and the index of its colour texture. */
const roles = 10;
const colours = 1;

/**
 * Writes the colours of MuJoCo's own viewer into `geom_rgba`. A geom without a colour of its own takes its material's.
 * A texture counts by its mean.
 */
export function colourByMaterial(model: ModelArrays): void {
  const { geom_rgba, geom_matid, mat_rgba, mat_texid } = model;
  for (const [geom, material] of geom_matid.entries()) {
    if (material < 0 || unset.some((part, i) => geom_rgba[4 * geom + i] !== part)) continue;
    const texture = mat_texid[roles * material + colours]!;
    const mean = texture < 0 ? [1, 1, 1] : meanColour(model, texture);
    for (let i = 0; i < 4; i++) geom_rgba[4 * geom + i] = mat_rgba[4 * material + i]! * (mean[i] ?? 1);
  }
}

/** Mean red, green and blue, 0 to 1. A texture with one channel is grey. */
function meanColour(
  { tex_data, tex_adr, tex_width, tex_height, tex_nchannel }: ModelArrays,
  texture: number,
): number[] {
  const channels = tex_nchannel[texture]!;
  const pixels = tex_width[texture]! * tex_height[texture]!;
  const first = Number(tex_adr[texture]!);
  return [0, 1, 2].map((channel) => {
    let sum = 0;
    for (let pixel = 0; pixel < pixels; pixel++)
      sum += tex_data[first + pixel * channels + Math.min(channel, channels - 1)]!;
    return sum / pixels / 255;
  });
}
