// Pictures as PNG bytes (dtype "image" keeps them inside parquet).
import sharp from "sharp";
import type { Image } from "./types.ts";

export async function encodePng({ width, height, data }: Image): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Decodes PNG (or JPEG) bytes to RGB; `where` opens the error. */
export async function decodeImage(bytes: Uint8Array, where: string): Promise<Image> {
  try {
    const { data, info } = await sharp(bytes)
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    return {
      width: info.width,
      height: info.height,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    };
  } catch (error) {
    throw new Error(`${where}: expected a PNG or JPEG picture (${(error as Error).message})`);
  }
}
