// Reads and writes safetensors files (https://huggingface.co/docs/safetensors), whole or tensor by tensor. A file may
// be larger than memory. Its numbers are little-endian, as in memory.
import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { bfloat16ToFloat32, bytesOf, fromSystem, PistarError, readJsonAs, writeAtomically } from "../system/index.ts";
import {
  dtypeOf,
  type Entry,
  formatHeader,
  type Header,
  headerLength,
  parseHeader,
  prefixBytes,
} from "./safetensors-header.ts";
import {
  arrayName,
  className,
  elements,
  formatType,
  holds,
  listed,
  type TensorType,
  type TensorValue,
  zerosData,
} from "./types.ts";

/** An open file, or the shards of one index. */
export interface SafetensorsFile {
  readonly names: readonly string[];
  /** The writer's texts beside the tensors. For a sharded model these are the index's and every shard's. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * The type of a tensor as `read` gives it.
   * @throws PistarError wrong-layout for an unknown name, or an element type without a dtype here
   */
  type(name: string): TensorType;
  /** The numbers of one tensor: bf16 widened to f32, all else unchanged. */
  read(name: string): Promise<TensorValue>;
  close(): Promise<void>;
}

/** Bytes of one read. The system's calls take less than 2 GiB. */
const chunkBytes = 2 ** 28;

/**
 * Opens a .safetensors file, or a model.safetensors.index.json with its shards. It checks the headers and reads no
 * tensor yet.
 * @throws PistarError naming the file and the tensor: missing-file, or damaged-file if a file is truncated or its
 * header is wrong
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return path.endsWith(".index.json") ? openSharded(path) : openSingle(path);
}

/** All tensors of a file or a sharded model, by name. */
export async function readSafetensors(path: string): Promise<Map<string, TensorValue>> {
  const file = await openSafetensors(path);
  try {
    const values = new Map<string, TensorValue>();
    for (const name of file.names) values.set(name, await file.read(name));
    return values;
  } finally {
    await file.close();
  }
}

async function openSingle(path: string): Promise<SafetensorsFile> {
  const handle = await open(path).catch((error) => {
    throw fromSystem(error, path);
  });
  let header: Header;
  try {
    const { size } = await handle.stat();
    const length = headerLength(path, await readBytes(handle, path, 0, Math.min(prefixBytes, size)), size);
    header = parseHeader(path, await readBytes(handle, path, prefixBytes, length), size);
  } catch (error) {
    await handle.close();
    throw damaged(path, (error as Error).message, error);
  }
  const entry = (name: string): Entry => {
    const found = header.entries.get(name);
    if (found === undefined)
      throw new PistarError(
        "wrong-layout",
        `${path}: expected a tensor "${name}", got ${listed([...header.entries.keys()])}`,
        { path },
      );
    return found;
  };
  const type = (name: string): TensorType => {
    const { type: stored, shape } = entry(name);
    const dtype = dtypeOf[stored];
    if (dtype === undefined)
      throw new PistarError(
        "wrong-layout",
        `${path}: tensor "${name}": expected one of ${Object.keys(dtypeOf).join(", ")}, got ${stored}`,
        { path },
      );
    return { dtype, shape };
  };
  return {
    names: [...header.entries.keys()],
    metadata: header.metadata,
    type,
    async read(name) {
      const { dtype, shape } = type(name);
      const { type: stored, start, bytes } = entry(name);
      const data = stored === "BF16" ? new Uint16Array(bytes / 2) : zerosData(dtype, elements(shape));
      await readInto(handle, path, `${path}: tensor "${name}"`, start, bytesOf(data));
      return { dtype, shape, data: stored === "BF16" ? bfloat16ToFloat32(data as Uint16Array) : data };
    },
    close: () => handle.close(),
  };
}

const indexSchema = z.object({
  metadata: z.record(z.string(), z.unknown()).default({}),
  weight_map: z.record(z.string(), z.string()),
});

async function openSharded(path: string): Promise<SafetensorsFile> {
  const { metadata, weight_map: files } = readJsonAs(indexSchema, path);
  const shards = new Map<string, SafetensorsFile>();
  const close = async () => {
    for (const shard of shards.values()) await shard.close();
  };
  const homes = new Map<string, SafetensorsFile>();
  try {
    for (const file of new Set(Object.values(files))) {
      if (basename(file) !== file)
        throw damaged(path, `${path}: weight_map: expected files beside the index, got ${JSON.stringify(file)}`);
      shards.set(file, await openSingle(join(dirname(path), file)));
    }
    const held = new Map([...shards].map(([file, { names }]) => [file, new Set(names)]));
    for (const [name, file] of Object.entries(files)) {
      if (!held.get(file)!.has(name))
        throw damaged(path, `${path}: the index places tensor "${name}" in ${file}, which has none`);
      homes.set(name, shards.get(file)!);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const home = (name: string): SafetensorsFile => {
    const found = homes.get(name);
    if (found === undefined)
      throw new PistarError("wrong-layout", `${path}: expected a tensor "${name}", got ${listed([...homes.keys()])}`, {
        path,
      });
    return found;
  };
  const texts = Object.entries(metadata).map(([key, text]): [string, string] => [key, String(text)]);
  return {
    names: [...homes.keys()],
    metadata: new Map([...[...shards.values()].flatMap((shard) => [...shard.metadata]), ...texts]),
    type: (name) => home(name).type(name),
    read: async (name) => home(name).read(name),
    close,
  };
}

/**
 * Writes `values` and `metadata` in the reference implementation's order: the same content gives the same bytes. The
 * file appears under its name only when complete.
 * @throws TypeError if a name comes twice or an array does not fit its type
 */
export async function writeSafetensors(
  path: string,
  values: Iterable<readonly [string, TensorValue]>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const named = new Map<string, TensorValue>();
  for (const [name, value] of values) {
    const { dtype, shape, data } = value;
    if (named.has(name)) throw new TypeError(`${path}: two tensors are named "${name}"`);
    if (name === "__metadata__") throw new TypeError(`${path}: no tensor can be named "__metadata__"`);
    if (!holds(dtype, data) || data.length !== elements(shape))
      throw new TypeError(
        `${path}: tensor "${name}": expected ${arrayName(dtype)}(${elements(shape)}) for ${formatType(value)}, got ${className(data)}(${data.length})`,
      );
    named.set(name, value);
  }
  const { bytes, sorted } = formatHeader(named, metadata);
  await writeAtomically(path, async (write) => {
    await write(bytes, 0);
    let position = bytes.length;
    for (const { data } of sorted) {
      await write(bytesOf(data), position);
      position += data.byteLength;
    }
  });
}

const damaged = (path: string, message: string, cause?: unknown) =>
  new PistarError("damaged-file", message, { path, cause });

async function readBytes(handle: FileHandle, path: string, start: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  await readInto(handle, path, path, start, bytes);
  return bytes;
}

async function readInto(
  handle: FileHandle,
  path: string,
  what: string,
  start: number,
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(chunkBytes, bytes.length - done), start + done);
    if (bytesRead === 0)
      throw damaged(path, `${what}: expected ${bytes.length} bytes at ${start}, the file ends after ${done} of them`);
    done += bytesRead;
  }
}
