// One colour for every geom: MuJoCo keeps it with the geom or with its material, and a material's may come from a texture.
import type { ModelArrays } from "./model-arrays.ts";

/** The colour of a geom that was given none. */
const unset = [0.5, 0.5, 0.5, 1];
/** Textures per material in `mat_texid`, and which of them holds its colours. */
const roles = 10;
const colours = 1;

/**
 * Writes into `geom_rgba` what MuJoCo's own viewer shows: the material's colour where a geom has a material and no colour of its own.
 * Of a texture the mean remains.
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

/** Red, green and blue from 0 to 1; a texture with one channel is grey. */
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
