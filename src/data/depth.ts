// Depth maps in LeRobot's forms: 16-bit or float TIFF images in the unit `depth_unit`, or 12-bit video with codes for
// metres on a linear or logarithmic scale (lerobot.datasets.depth_utils).
import sharp from "sharp";
import type { Feature } from "./types.ts";

/** A depth map: `data` is [height, width] in metres, rows from the top. */
export interface DepthMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** How a feature's numbers stand for metres. */
export interface DepthEncoding {
  /** Metres in one unit of a stored image; undefined if info.json does not say. */
  readonly unit: number | undefined;
  /** Metres at video codes 0 and 4095. */
  readonly min: number;
  readonly max: number;
  /** Metres added before the logarithm. */
  readonly shift: number;
  readonly useLog: boolean;
}

/** The largest 12-bit code. */
const largestCode = 4095;

/** Reads the encoding from a feature's `info`, with LeRobot's defaults. `where` opens the errors. */
export function depthEncoding({ info = {} }: Pick<Feature, "info">, where: string): DepthEncoding {
  const unit = info.depth_unit;
  if (unit !== undefined && unit !== null && unit !== "m" && unit !== "mm")
    throw new Error(`${where}: expected depth_unit "m" or "mm", got ${JSON.stringify(unit)}`);
  const number = (name: string, otherwise: number): number => {
    const value = info[`video.${name}`] ?? otherwise;
    if (typeof value !== "number" || !Number.isFinite(value))
      throw new Error(`${where}: expected a number for video.${name}, got ${JSON.stringify(value)}`);
    return value;
  };
  const encoding = {
    unit: unit === "m" ? 1 : unit === "mm" ? 0.001 : undefined,
    min: number("depth_min", 0.01),
    max: number("depth_max", 10),
    shift: number("shift", 3.5),
    useLog: info["video.use_log"] !== false,
  };
  if (encoding.useLog && encoding.min + encoding.shift <= 0)
    throw new Error(`${where}: expected depth_min + shift above 0 for a logarithmic scale`);
  return encoding;
}

/** The metres of a 12-bit code of a video. */
export function metresOfCode(code: number, { min, max, shift, useLog }: DepthEncoding): number {
  const low = useLog ? Math.log(min + shift) : min;
  const high = useLog ? Math.log(max + shift) : max;
  const value = low + (code / largestCode) * (high - low);
  return Math.max(min, Math.min(max, useLog ? Math.exp(value) - shift : value));
}

/** Decodes a picture of one channel, 16-bit or float. Without a unit, floats are metres and integers millimetres, as LeRobot infers. */
export async function decodeDepthPicture(bytes: Uint8Array, { unit }: DepthEncoding, where: string): Promise<DepthMap> {
  try {
    const { depth = "uchar", channels, format } = await sharp(bytes).metadata();
    if (channels !== 1 || (depth !== "ushort" && depth !== "float"))
      throw new Error(`got ${format} with ${channels} channels of type ${depth}`);
    const { data, info } = await sharp(bytes)
      .toColourspace(depth === "ushort" ? "grey16" : "b-w")
      .raw({ depth })
      .toBuffer({ resolveWithObject: true });
    const count = info.width * info.height;
    const copy = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    const numbers = depth === "float" ? new Float32Array(copy, 0, count) : new Uint16Array(copy, 0, count);
    const scale = unit ?? (depth === "float" ? 1 : 0.001);
    return { width: info.width, height: info.height, data: Float32Array.from(numbers, (value) => value * scale) };
  } catch (error) {
    throw new Error(`${where}: expected a depth map of 16-bit or float numbers (${(error as Error).message})`);
  }
}
