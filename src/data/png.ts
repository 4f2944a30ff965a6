// Pictures as PNG bytes (dtype "image" keeps them inside parquet).
import { crc32, deflateSync, inflateSync } from "node:zlib";
import sharp from "sharp";
import { PistarError } from "../system/index.ts";
import type { Image } from "./types.ts";

/** Up to so many pixels sharp's fixed cost of half a millisecond a picture outweighs its smaller files. */
const smallPixels = 128 * 128;

export async function encodePng(image: Image): Promise<Uint8Array> {
  const { width, height, data } = image;
  if (width * height <= smallPixels) return encodeSmallPng(image);
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** RGB, 8 bits, rows unfiltered: for drawn pictures smaller than filtered, and quicker. */
function encodeSmallPng({ width, height, data }: Image): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2, 0, 0, 0], 8); // bit depth, colour type RGB, deflate, filter method, no interlace
  const row = width * 3;
  const rows = new Uint8Array(height * (row + 1)); // each begins with its filter: 0, none
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const parts = [
    Uint8Array.from(signature),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 3 })),
    chunk("IEND", new Uint8Array(0)),
  ];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Length, type, content, and the CRC of type and content. */
function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, crc32(bytes.subarray(4, content.length + 8)));
  return bytes;
}

/** Decodes a PNG of `encodeSmallPng`; undefined for any other picture, and for a damaged one. */
function decodeSmallPng(bytes: Uint8Array): Image | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const contents = new Map<string, Uint8Array>();
  for (let at = signature.length; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) return undefined;
    const typed = bytes.subarray(at + 4, at + 8 + length);
    if (crc32(typed) !== view.getUint32(at + 8 + length)) return undefined;
    const type = String.fromCharCode(...typed.subarray(0, 4));
    if (contents.has(type)) return undefined;
    contents.set(type, typed.subarray(4));
    at += 12 + length;
  }
  const [header, packed] = [contents.get("IHDR"), contents.get("IDAT")];
  if ([...contents.keys()].join() !== "IHDR,IDAT,IEND" || header!.length !== 13) return undefined;
  if (String(header!.subarray(8)) !== "8,2,0,0,0") return undefined;
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width * height > smallPixels) return undefined;
  const row = width * 3;
  const rows = inflateSync(packed!, { maxOutputLength: height * (row + 1) + 1 });
  if (rows.length !== height * (row + 1)) return undefined;
  const data = new Uint8Array(height * row);
  for (let y = 0; y < height; y++) {
    if (rows[y * (row + 1)] !== 0) return undefined;
    data.set(rows.subarray(y * (row + 1) + 1, (y + 1) * (row + 1)), y * row);
  }
  return { width, height, data };
}

/** Decodes PNG (or JPEG) bytes to RGB; `where` opens the error. */
export async function decodeImage(bytes: Uint8Array, where: string): Promise<Image> {
  try {
    const small = bytes[0] === signature[0] ? decodeSmallPng(bytes) : undefined;
    if (small) return small;
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
    throw new PistarError("damaged-file", `${where}: expected a PNG or JPEG picture (${(error as Error).message})`);
  }
}
