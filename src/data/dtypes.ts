// Element types by numpy's names: their typed arrays, and their forms in parquet and Hugging Face's `datasets`.
import type { SchemaElement } from "hyparquet";
import type { Feature, NumericArray } from "./types.ts";

type ArrayOf = new (length: number) => NumericArray;

/** Booleans are bytes 0 and 1. Half floats are widened to single. */
const arrays: Readonly<Record<string, ArrayOf>> = {
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: Float32Array,
  float32: Float32Array,
  float64: Float64Array,
};

type Physical = Omit<SchemaElement, "name" | "repetition_type">;

/** Only the converted type is set: DuckDB refuses the newer INTEGER annotation. */
function integer(bitWidth: 8 | 16 | 32 | 64, isSigned: boolean): Physical {
  const type = bitWidth === 64 ? "INT64" : "INT32";
  if (isSigned && bitWidth >= 32) return { type };
  return { type, converted_type: `${isSigned ? "INT" : "UINT"}_${bitWidth}` };
}

const text: Physical = { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } };

const physical: Readonly<Record<string, Physical>> = {
  bool: { type: "BOOLEAN" },
  int8: integer(8, true),
  int16: integer(16, true),
  int32: integer(32, true),
  int64: integer(64, true),
  uint8: integer(8, false),
  uint16: integer(16, false),
  uint32: integer(32, false),
  uint64: integer(64, false),
  float16: { type: "FIXED_LEN_BYTE_ARRAY", type_length: 2, logical_type: { type: "FLOAT16" } },
  float32: { type: "FLOAT" },
  float64: { type: "DOUBLE" },
  string: text,
};

/** Whether the type is a number or a boolean, held by a typed array. */
export function isNumeric(dtype: string): boolean {
  return dtype in arrays;
}

/** Whether the feature is pictures, colour or depth, in parquet or in mp4 files. */
export function isCamera(feature: Feature): boolean {
  return feature.dtype === "image" || feature.dtype === "video";
}

/** Whether the feature is a depth map. LeRobot says so in `info`, older recorders under "video.is_depth_map". */
export function isDepth(feature: Feature): boolean {
  const { info, video_info } = feature as Feature & { readonly video_info?: unknown };
  const flags = [info, video_info].flatMap((object) =>
    object && typeof object === "object"
      ? [(object as Record<string, unknown>).is_depth_map, (object as Record<string, unknown>)["video.is_depth_map"]]
      : [],
  );
  return isCamera(feature) && flags.includes(true);
}

/** Sides of a camera's pictures. */
export interface PictureShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * The sides of a camera's images. `names` gives the axes. Without names the channels come last, unless only the first
 * axis can be channels. Undefined if the shape is no image's.
 */
export function pictureShape({ shape, names }: Pick<Feature, "shape" | "names">): PictureShape | undefined {
  if (shape.length !== 3) return undefined;
  const [a, b, c] = shape as readonly [number, number, number];
  const listed = Array.isArray(names) ? names.map((name) => String(name).toLowerCase()) : [];
  const at = (start: string) => listed.findIndex((name) => name.startsWith(start));
  const axes = [at("height"), at("width"), at("channel")];
  if (new Set(axes).size === 3 && !axes.includes(-1))
    return { height: shape[axes[0]!]!, width: shape[axes[1]!]!, channels: shape[axes[2]!]! };
  const few = (side: number) => side === 1 || side === 3 || side === 4;
  return few(a) && !few(c) ? { height: b, width: c, channels: a } : { height: a, width: b, channels: c };
}

/** Whether pistar can make columns of the type. Others are read, listed and carried along as they are. */
export function isKnown(dtype: string): boolean {
  return dtype in physical || dtype === "image" || dtype === "video";
}

/** Numbers in one frame of a feature. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** A zeroed array for `length` numbers of a numpy type. */
export function allocate(dtype: string, length: number): NumericArray {
  const TypedArray = arrays[dtype];
  if (!TypedArray) throw new Error(`expected a numeric dtype (${Object.keys(arrays).join(", ")}), got "${dtype}"`);
  return new TypedArray(length);
}

/** The numpy type a parquet leaf stands for. */
export function dtypeOf(leaf: SchemaElement): string | undefined {
  if (leaf.logical_type?.type === "FLOAT16") return "float16";
  const converted = leaf.converted_type?.match(/^(U?)INT_(\d+)$/);
  if (converted) return `${converted[1] ? "u" : ""}int${converted[2]}`;
  if (leaf.converted_type === "UTF8" || leaf.logical_type?.type === "STRING") return "string";
  if (leaf.converted_type || leaf.logical_type) return undefined;
  return { BOOLEAN: "bool", INT32: "int32", INT64: "int64", FLOAT: "float32", DOUBLE: "float64" }[leaf.type as string];
}

/** The parquet schema of one column: a scalar for shape (1,), else nested lists; a picture is a struct of bytes and path. */
export function parquetColumn(name: string, feature: Pick<Feature, "dtype" | "shape">): SchemaElement[] {
  const optional = { repetition_type: "OPTIONAL" } as const;
  if (feature.dtype === "image")
    return [
      { name, ...optional, num_children: 2 },
      { name: "bytes", ...optional, type: "BYTE_ARRAY" },
      { name: "path", ...optional, ...text },
    ];
  return listColumn(name, feature.dtype, isScalar(feature.shape) ? 0 : feature.shape.length);
}

/** `depth` lists around values of one type, with the names pyarrow uses ("list", "element"). */
export function listColumn(name: string, dtype: string, depth: number): SchemaElement[] {
  const leaf = physical[dtype];
  if (!leaf)
    throw new Error(
      `feature "${name}": expected a dtype among ${Object.keys(physical).join(", ")}, image, video, got "${dtype}"`,
    );
  if (depth === 0) return [{ name, repetition_type: "OPTIONAL", ...leaf }];
  return [
    { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    ...listColumn("element", dtype, depth - 1),
  ];
}

export function isScalar(shape: readonly number[]): boolean {
  return shape.length === 0 || (shape.length === 1 && shape[0] === 1);
}

/** The `huggingface` key-value with the columns' types, for `datasets` and the Hub's viewer. */
export function huggingfaceMetadata(features: ReadonlyMap<string, Feature>): string {
  const typed: Record<string, unknown> = {};
  for (const [name, { dtype, shape }] of features) {
    if (dtype === "video" || !isKnown(dtype)) continue;
    if (dtype === "image") typed[name] = { _type: "Image" };
    else if (isScalar(shape)) typed[name] = { dtype, _type: "Value" };
    else if (shape.length === 1) typed[name] = { feature: { dtype, _type: "Value" }, length: shape[0], _type: "List" };
    else typed[name] = { shape, dtype, _type: `Array${shape.length}D` };
  }
  return JSON.stringify({ info: { features: typed } });
}
