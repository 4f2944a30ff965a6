// One picture of a client's message.
import sharp from "sharp";
import type { Image } from "../data/index.ts";
import { float16ToFloat32, float32ToFloat16 } from "../system/index.ts";
import { describe, isFloats } from "./layout.ts";
import { largestPicture, longestSide } from "./limits.ts";
import { NdArray } from "./ndarray.ts";
import type { Value } from "./pack.ts";

/**
 * An image as openpi's policies take it: uint8 or floats from 0 to 1, channels last or first. It may also be the bytes
 * of a JPEG or PNG file.
 * @param where names it in errors
 * @param order of the axes, if the shape alone does not tell
 * @throws TypeError for anything else
 */
export function unpackImage(value: Value, where: string, order: "HWC" | "CHW"): Image | Promise<Image> {
  if (value instanceof Uint8Array) return decompressed(value, where);
  if (!(value instanceof NdArray) || value.shape.length !== 3 || (value.dtype !== "uint8" && !isFloats(value)))
    throw new TypeError(
      `Expected ${where} as uint8 [height, width, 3] or [3, height, width], floats from 0 to 1, or the bytes of a JPEG or PNG file; got ${describe(value)}`,
    );
  const { shape } = value;
  const last = shape[2] === 3 && (order === "HWC" || shape[0] !== 3);
  if (!last && shape[0] !== 3)
    throw new TypeError(`Expected ${where} with 3 channels as its last axis or its first, got ${describe(value)}`);
  const [height, width] = (last ? shape.slice(0, 2) : shape.slice(1)) as [number, number];
  checkSides(width, height, where);
  const data = value.dtype === "uint8" ? (value.data as Uint8Array) : bytesOf(value, where);
  return { width, height, data: last ? data : channelsLast(data, width * height) };
}

function checkSides(width: number, height: number, where: string): void {
  if (Math.min(height, width) < 1 || Math.max(height, width) > longestSide)
    throw new TypeError(
      `Expected ${where} with sides of 1 to ${longestSide} pixels, got ${width}×${height}: resize it before it is sent`,
    );
}

/** numpy's `(255 * image).astype(np.uint8)`, as openpi has it: the product is rounded to the image's dtype and then cut off. */
function bytesOf({ dtype, data }: NdArray, where: string): Uint8Array {
  const floats = data as Float32Array | Float64Array;
  const wrong = floats.find((x) => !(x >= 0 && x <= 1));
  if (wrong !== undefined)
    throw new TypeError(`Expected ${where} as uint8, or as floats from 0 to 1, got floats with ${wrong}`);
  const scaled = floats.map((x) => 255 * x); // a typed array rounds to its own type
  return Uint8Array.from(dtype === "float16" ? float16ToFloat32(float32ToFloat16(scaled as Float32Array)) : scaled);
}

function channelsLast(planes: Uint8Array, plane: number): Uint8Array {
  const pixels = new Uint8Array(planes.length);
  for (let pixel = 0; pixel < plane; pixel++)
    for (let channel = 0; channel < 3; channel++) pixels[pixel * 3 + channel] = planes[channel * plane + pixel]!;
  return pixels;
}

/** The first bytes of JPEG and PNG files. No other decoder is let at a stranger's bytes. */
const signatures = [
  [0xff, 0xd8, 0xff],
  [0x89, 0x50, 0x4e, 0x47],
];

async function decompressed(bytes: Uint8Array, where: string): Promise<Image> {
  if (!signatures.some((signature) => signature.every((byte, i) => bytes[i] === byte)))
    throw new TypeError(`Expected ${where} as an array, or as the bytes of a JPEG or PNG file, got other bytes`);
  try {
    const decoder = sharp(bytes, { limitInputPixels: largestPicture, failOn: "error" });
    const { data, info } = await decoder
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    checkSides(info.width, info.height, where);
    return { width: info.width, height: info.height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (error) {
    throw new TypeError(
      `Expected ${where} as a JPEG or PNG file that can be decoded, got: ${(error as Error).message}`,
    );
  }
}
