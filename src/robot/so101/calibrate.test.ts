import { expect, test } from "vitest";
import { FeetechBus } from "./bus.ts";
import { assignId, CalibrationByHand } from "./calibrate.ts";
import { compareCalibration } from "./calibration.ts";
import { SimulatedClock, wait } from "./clock.ts";
import { EmulatedChain } from "./emulator/chain.ts";
import { LooseJoints } from "./emulator/loose-joints.ts";
import { EmulatedServo } from "./emulator/servo.ts";
import { EmulatedStream } from "./emulator/stream.ts";
import { motorIds } from "./motors.ts";
import { PresentReader } from "./present.ts";

/** Counts from the middle to the ends of each joint. */
const halves = [1200, 1100, 1050, 1000, 1500, 600];

/** @param mounted encoder counts in the middle of each joint, as the motors were screwed on */
function emulated(mounted: readonly number[], count = 6) {
  const clock = new SimulatedClock();
  const joints = new LooseJoints(mounted);
  const servos = motorIds.slice(0, count).map((id) => new EmulatedServo(id));
  const chain = new EmulatedChain(servos, joints);
  const bus = new FeetechBus(new EmulatedStream(chain, clock), { clock, timeout: 2, retries: 0 });
  const byHand = new CalibrationByHand(bus, new PresentReader(bus, motorIds, clock));
  /** Moves all joints to both ends and back. @param share of the way to the upper end */
  const moveAll = async (share = 1) => {
    for (let step = 0; step <= 80; step++) {
      const turn = Math.sin((2 * Math.PI * step) / 80);
      for (const [i, middle] of mounted.entries())
        joints.encoders[i] = middle + halves[i]! * (turn > 0 ? share : 1) * turn;
      await wait(clock, 60);
      recorded = await byHand.record();
    }
    return recorded;
  };
  let recorded: Awaited<ReturnType<typeof byHand.record>> = [];
  return { clock, joints, servos, bus, byHand, moveAll };
}

const mounted = [2000, 700, 3500, 1024, 2500, 100];

test("the middle reads 2047, the ends are recorded, file and motors agree", async () => {
  const { bus, byHand, moveAll, servos } = emulated(mounted);
  await byHand.begin();
  await byHand.takeMiddle();
  expect(servos.map((servo) => servo.get("Homing_Offset"))).toEqual(mounted.map((at) => at - 2047));
  const recorded = await moveAll();
  expect(recorded.map(({ fault }) => fault)).toEqual(Array(6).fill(undefined));
  const calibration = await byHand.finish();
  expect(calibration.map(({ range_min, range_max }) => [range_min, range_max])).toEqual([
    ...halves.slice(0, 4).map((half) => [2047 - half, 2047 + half]),
    [0, 4095],
    [2047 - 600, 2047 + 600],
  ]);
  expect(await compareCalibration(bus, calibration)).toEqual([]);
});

test("the usual mistakes are caught: in part, not moved, not begun in the middle, wrapped", async () => {
  const part = emulated(mounted);
  await part.byHand.begin();
  await part.byHand.takeMiddle();
  const [unmoved] = await part.byHand.record();
  expect(unmoved!.fault).toBe("it has not moved");
  await expect(part.byHand.finish()).rejects.toThrow("shoulder_pan: it has not moved");
  const [pan] = await part.moveAll(0.1);
  expect(pan!.fault).toMatch(/^only 5\d % of its range so far/);

  const off = emulated(mounted);
  off.joints.encoders[5] = mounted[5]! - 400;
  await off.byHand.begin();
  await off.byHand.takeMiddle();
  expect((await off.moveAll())[5]!.fault).toContain("near one of its ends");

  const wrapped = emulated(mounted);
  wrapped.joints.encoders[1] = mounted[1]! + 1000;
  await wrapped.byHand.begin();
  await wrapped.byHand.takeMiddle();
  expect((await wrapped.moveAll())[1]!.fault).toContain("went through the border of its encoder");
  await expect(wrapped.byHand.finish()).rejects.toThrow("shoulder_lift: it went through the border");
});

test("one motor on the line is given its id; of several none", async () => {
  const { bus, servos } = emulated(mounted, 1);
  expect(await assignId(bus, 4)).toBe(1);
  expect([servos[0]!.id, servos[0]!.get("Lock")]).toEqual([4, 1]);
  await expect(assignId(emulated(mounted, 2).bus, 4)).rejects.toThrow(
    "expected one motor on the line, found 2 (ids 1, 2)",
  );
});
