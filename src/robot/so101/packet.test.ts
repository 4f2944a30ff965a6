import fc from "fast-check";
import { expect, test } from "vitest";
import { AnswerReader, broadcast, instructions, packet } from "./packet.ts";
import { faultsOf, fromBytes, registers, toBytes } from "./registers.ts";

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(" ");
const bytes = (text: string) => Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));

test("packets, by hand", () => {
  expect(hex(packet(1, instructions.ping))).toBe("FF FF 01 02 01 FB");
  expect(hex(packet(1, 0))).toBe("FF FF 01 02 00 FC");
  expect(hex(packet(broadcast, instructions.syncRead, [56, 2, 1, 2, 3, 4, 5, 6]))).toBe(
    "FF FF FE 0A 82 38 02 01 02 03 04 05 06 26",
  );
  expect(hex(packet(1, 0, [0xff, 0x07]))).toBe("FF FF 01 04 00 FF 07 F4");
  expect(() => packet(1, instructions.write, new Uint8Array(245))).toThrow("at most 250 bytes, got 251");
});

test("an answer is found between noise, in pieces, and in any order", () => {
  const reader = new AnswerReader([
    { id: 1, count: 2 },
    { id: 2, count: 2 },
  ]);
  const line = bytes("00 FF FF FF 02 04 00 10 01 E8 5A FF FF 01 04 20 FF 07 D4");
  for (const byte of line) reader.push(Uint8Array.of(byte));
  expect(reader.answers).toEqual([
    { id: 1, error: 0x20, data: bytes("FF 07") },
    { id: 2, error: 0, data: bytes("10 01") },
  ]);
  expect([reader.complete, reader.clean, reader.missing]).toEqual([true, false, []]);
});

test("an answer of another motor, of another length, or with a wrong sum is none", () => {
  for (const line of ["FF FF 03 04 00 FF 07 F2", "FF FF 01 05 00 FF 07 00 F3", "FF FF 01 04 00 FF 06 F4"]) {
    const reader = new AnswerReader([{ id: 1, count: 2 }]);
    reader.push(bytes(line));
    expect([reader.complete, reader.clean, reader.missing], line).toEqual([false, false, [1]]);
  }
});

test("registers: little-endian, the sign in one bit", () => {
  expect([...toBytes(registers.Goal_Position, 2047)]).toEqual([0xff, 0x07]);
  expect([...toBytes(registers.Goal_Position, -2)]).toEqual([2, 0x80]);
  expect([...toBytes(registers.Homing_Offset, -1234)]).toEqual([0xd2, 0x0c]);
  expect(fromBytes(registers.Present_Load, Uint8Array.of(0x2c, 0x05))).toBe(-300);
  expect(() => toBytes(registers.Homing_Offset, 2048)).toThrow("from -2047 to 2047 for Homing_Offset, got 2048");
  expect(() => toBytes(registers.Torque_Enable, 0.5)).toThrow("a whole number from 0 to 255");
  expect(faultsOf(0x29)).toEqual(["voltage", "over-current", "overload"]);
});

test("every register's values come back", () => {
  for (const register of Object.values(registers)) {
    const largest = 2 ** (register.signBit ?? 8 * register.bytes) - 1;
    const least = register.signBit === undefined ? 0 : -largest;
    fc.assert(
      fc.property(fc.integer({ min: least, max: largest }), (value) => {
        expect(fromBytes(register, toBytes(register, value))).toBe(value);
      }),
      { numRuns: 20 },
    );
  }
});
