import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { crc32c, createEventFile, maskedCrc32c, record } from "./tensorboard.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("checksums are those of RFC 3720 and the catalogue of CRCs", () => {
  expect(crc32c(bytes("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  // Masking by hand: rotated right by 15 bits, plus a constant.
  const crc = 0xe3069283;
  expect(maskedCrc32c(bytes("123456789"))).toBe(((crc >>> 15) + (crc % 2 ** 15) * 2 ** 17 + 0xa282ead8) % 2 ** 32);
});

test("a record's header is that of every TensorFlow event file", () => {
  // The length 24 and its masked checksum, as event files with a 24-byte version event begin.
  expect(Buffer.from(record(new Uint8Array(24)).subarray(0, 12)).toString("hex")).toBe("1800000000000000a37f4b22");
});

test("scalars can be read back", () => {
  const folder = mkdtempSync(join(tmpdir(), "pistar-events-"));
  const file = createEventFile(folder, 1.5);
  file.add(7, { "train/loss": 0.25 });
  const events = readRecords(readFileSync(file.path));
  rmSync(folder, { recursive: true });
  expect(events).toHaveLength(2);
  const [version, scalar] = events.map((event) => fields(event));
  expect(new TextDecoder().decode(version!.get(3) as Uint8Array)).toBe("brain.Event:2");
  expect(Number(scalar!.get(2))).toBe(7);
  const value = fields(fields(scalar!.get(5) as Uint8Array).get(1) as Uint8Array);
  expect(new TextDecoder().decode(value.get(1) as Uint8Array)).toBe("train/loss");
  expect(value.get(2)).toBe(0.25);
});

/** The records of a file, their checksums checked. */
function readRecords(file: Buffer): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(maskedCrc32c(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(data));
    found.push(data);
    at += length + 16;
  }
  return found;
}

/** A message's fields by number. */
function fields(message: Uint8Array): Map<number, unknown> {
  const reader = new BinaryReader(message);
  const found = new Map<number, unknown>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === 0) found.set(number, reader.uint64());
    else if (type === 1) found.set(number, reader.double());
    else found.set(number, type === 2 ? reader.bytes() : reader.float());
  }
  return found;
}
