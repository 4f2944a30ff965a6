import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { type Calibration, calibrationPath, readCalibration, writeCalibration } from "./calibration.ts";
import { calibratedJoints, fromMotor, toMotor, unitOf, units } from "./units.ts";

const calibration: Calibration = [1, 2, 3, 4, 5, 6].map((id) => ({
  id,
  drive_mode: id === 3 ? 1 : 0,
  homing_offset: -5,
  range_min: 812,
  range_max: 3325,
}));

test("units by hand", () => {
  // (3000 − 2068.5) · 360 / 4095; (3000 − 812) / 2513.
  expect(fromMotor(3000, 0, calibration, "degrees")).toBeCloseTo(81.89, 2);
  expect(fromMotor(3000, 0, calibration, "normalised")).toBeCloseTo(74.13, 2);
  expect(fromMotor(3000, 2, calibration, "normalised")).toBeCloseTo(-74.13, 2);
  expect(fromMotor(3000, 2, calibration, "degrees")).toBeCloseTo(81.89, 2);
  expect(fromMotor(3000, 5, calibration, "degrees")).toBeCloseTo(87.07, 2);
  // Degrees are not clamped, the others are.
  expect(fromMotor(4000, 0, calibration, "degrees")).toBeCloseTo(169.8, 1);
  expect(fromMotor(4000, 0, calibration, "normalised")).toBe(100);
  // A goal is held within the range in every unit.
  expect(toMotor(500, 0, calibration, "degrees")).toBe(3325);
  expect(toMotor(-500, 0, calibration, "normalised")).toBe(812);
  // Truncation: 10 · 4095 / 360 + 2068.5 = 2182.25; 99.9 / 100 · 2513 + 812 = 3322.487.
  expect(toMotor(10, 0, calibration, "degrees")).toBe(2182);
  expect(toMotor(99.9, 5, calibration, "degrees")).toBe(3322);
  expect(calibratedJoints(calibration, "degrees").map(({ range }) => Math.round(range[1]))).toEqual([
    110, 110, 110, 110, 110, 100,
  ]);
  expect(calibratedJoints(calibration, "normalised")[0]).toEqual({ name: "shoulder_pan.pos", range: [-100, 100] });
});

test("counts come back from every unit, but for the truncation", () => {
  for (const unit of units)
    for (const joint of calibration.keys())
      fc.assert(
        fc.property(fc.integer({ min: 812, max: 3325 }), (counts) => {
          const back = toMotor(fromMotor(counts, joint, calibration, unit), joint, calibration, unit);
          expect(Math.abs(back - counts)).toBeLessThanOrEqual(1);
        }),
        { numRuns: 30 },
      );
});

test("a recorded body joint beyond ±100 is in degrees; the gripper proves nothing", () => {
  const names = ["shoulder_pan.pos", "gripper.pos"];
  expect(
    unitOf(names, [
      [-30, 112],
      [0, 100],
    ]),
  ).toBe("degrees");
  expect(
    unitOf(names, [
      [-100, 100.0005],
      [0, 100],
    ]),
  ).toBeUndefined();
  expect(
    unitOf(names, [
      [-90, 90],
      [-2, 130],
    ]),
  ).toBeUndefined();
});

const folder = mkdtempSync(join(tmpdir(), "pistar-calibration-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("calibrations lie where LeRobot keeps them, by new and old names, in its format", () => {
  process.env.HF_LEROBOT_CALIBRATION = folder;
  try {
    const path = calibrationPath("follower", "mine");
    expect(path).toBe(join(folder, "robots/so_follower/mine.json"));
    expect(() => readCalibration("follower", "mine")).toThrow(`${folder}/robots/so100_follower/mine.json`);
    writeCalibration(path, calibration);
    expect(readFileSync(path, "utf8").split("\n").slice(0, 4)).toEqual([
      "{",
      '    "shoulder_pan": {',
      '        "id": 1,',
      '        "drive_mode": 0,',
    ]);
    expect(readCalibration("follower", "mine")).toEqual({ path, calibration });
    const old = join(folder, "teleoperators/so101_leader/yours.json");
    mkdirSync(join(folder, "teleoperators/so101_leader"), { recursive: true });
    writeFileSync(old, readFileSync(path));
    expect(readCalibration("leader", "yours").path).toBe(old);
    writeFileSync(old, readFileSync(path, "utf8").replaceAll("3325", "812"));
    expect(() => readCalibration("leader", "yours")).toThrow("range_min below range_max");
  } finally {
    delete process.env.HF_LEROBOT_CALIBRATION;
  }
});
