import { expect, test } from "vitest";
import { openCamera } from "./camera.ts";
import { robotFileSchema } from "./robot-file.ts";

const settings = (device: string, more: object = {}) =>
  robotFileSchema.shape.cameras.parse({ front: { device, size: [64, 48], ...more } }).front!;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("the newest picture, with its age; the camera's real size is told", async () => {
  const said: string[] = [];
  // `realtime` gives the frames at their times, as a camera does.
  const camera = await openCamera("front", settings("lavfi:testsrc2=size=320x240:rate=30,realtime"), (text) =>
    said.push(text),
  );
  try {
    expect(said).toEqual(["camera front: asked for 640 × 480 at 30 Hz, it gives 320 × 240 at 30.0 Hz"]);
    const first = await camera.latest();
    expect([first.width, first.height, first.data.length]).toEqual([64, 48, 64 * 48 * 3]);
    await wait(300);
    const second = await camera.latest();
    expect(second.data).not.toEqual(first.data);
    expect(camera.newest()!.age).toBeLessThan(1);
  } finally {
    await camera.close();
  }
});

test("a camera that gives no more pictures is refused", async () => {
  const camera = await openCamera(
    "front",
    settings("lavfi:testsrc2=size=640x480:rate=30:duration=0.4,realtime"),
    () => {},
  );
  try {
    await wait(700);
    await expect(camera.latest()).rejects.toThrow("the camera gives no more pictures");
  } finally {
    await camera.close();
  }
});

test("an old picture is refused", async () => {
  const camera = await openCamera(
    "front",
    settings("lavfi:testsrc2=size=640x480:rate=1,realtime", { maxAge: 0.1, fps: 1 }),
    () => {},
  );
  try {
    await wait(250);
    await expect(camera.latest()).rejects.toThrow(/newest picture is 0\.\d s old \(limit 0\.1 s\)/);
  } finally {
    await camera.close();
  }
});

test.runIf(process.platform === "linux")("a missing camera is named", async () => {
  await expect(openCamera("front", settings("/dev/video99"), () => {})).rejects.toThrow(
    "/dev/video99: the camera cannot be opened (No such file or directory)",
  );
});
