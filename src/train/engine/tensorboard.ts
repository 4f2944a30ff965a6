// TensorBoard event files with scalars: TFRecords of the protobuf messages Event and Summary.
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { BinaryWriter } from "@bufbuild/protobuf/wire";

export interface EventFile {
  readonly path: string;
  /** Appends scalars of a step. */
  add(step: number, scalars: Readonly<Record<string, number>>): void;
}

/** Begins a new event file in a folder. TensorBoard joins the files of a resumed run. */
export function createEventFile(folder: string, seconds = Date.now() / 1000): EventFile {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `events.out.tfevents.${Math.floor(seconds)}.${hostname()}.${process.pid}`);
  const version = new BinaryWriter().tag(1, 1).double(seconds).tag(3, 2).string("brain.Event:2");
  writeFileSync(path, record(version.finish()));
  return {
    path,
    add(step, scalars) {
      const summary = new BinaryWriter();
      for (const [tag, value] of Object.entries(scalars))
        summary.tag(1, 2).fork().tag(1, 2).string(tag).tag(2, 5).float(value).join();
      const event = new BinaryWriter()
        .tag(1, 1)
        .double(Date.now() / 1000)
        .tag(2, 0)
        .int64(step)
        .tag(5, 2)
        .bytes(summary.finish());
      appendFileSync(path, record(event.finish()));
    },
  };
}

/** A TFRecord: length and its checksum, bytes and their checksum, all little-endian. */
export function record(bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(bytes.length + 16);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(bytes.length), true);
  view.setUint32(8, maskedCrc32c(framed.subarray(0, 8)), true);
  framed.set(bytes, 12);
  view.setUint32(12 + bytes.length, maskedCrc32c(bytes), true);
  return framed;
}

/** Castagnoli's polynomial, reflected. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** TFRecord's masked checksum. The mask keeps the CRC strong for data with CRCs inside. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
