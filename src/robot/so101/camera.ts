// A camera with a thread of its own. It keeps the newest picture and its time. Old pictures are refused.
import { setTimeout as after } from "node:timers/promises";
import type { Image } from "../../data/index.ts";
import { PistarError, WorkerThread } from "../../system/index.ts";
import type { CameraFeed } from "./camera-feed.ts";
import type { CameraWork } from "./camera-worker.ts";
import type { CameraSettings } from "./robot-file.ts";

/** A picture with its age. */
interface Newest {
  readonly image: Image;
  readonly jpeg?: Uint8Array;
  /** `performance.now()` of its arrival. Exposure and the device's buffers lie before it. */
  readonly at: number;
}

export interface LiveCamera extends CameraFeed {
  /** The newest picture as the camera's own JPEG, if it sends JPEGs, and its age in seconds. */
  newest(): { readonly jpeg?: Uint8Array; readonly age: number } | undefined;
}

/** Seconds to wait for the first picture. */
const patience = 5;

/**
 * Opens a camera and waits for its first picture.
 * @param say told if the camera chose another size or rate than it was asked for
 * @throws PistarError unavailable
 */
export async function openCamera(
  name: string,
  settings: CameraSettings,
  say: (text: string) => void,
): Promise<LiveCamera> {
  const { device, width, height, fps, size, maxAge } = settings;
  const thread = new WorkerThread<CameraWork>(import.meta.url, "./camera-worker", {
    name: `The thread of the camera ${name}`,
    input: { device, width, height, fps, size },
  });
  let newest: Newest | undefined;
  let failure: Error | undefined;
  let closed = false;
  const read = async () => {
    while (!closed) newest = { ...(await thread.ask("next", undefined as never)), at: performance.now() };
  };
  try {
    const mode = await thread.ask("mode", undefined as never);
    if (mode.width !== width || mode.height !== height || Math.abs(mode.fps - fps) > 0.5)
      say(
        `camera ${name}: asked for ${width} × ${height} at ${fps} Hz, it gives ${mode.width} × ${mode.height} at ${mode.fps.toFixed(1)} Hz`,
      );
    read().catch((error) => {
      failure = error as Error;
    });
    for (let waited = 0; !newest && !failure && waited < patience; waited += 0.01) await after(10);
    if (failure) throw failure;
    if (!newest) throw new PistarError("unavailable", `camera ${name} (${device}): no picture in ${patience} s`);
  } catch (error) {
    closed = true;
    await thread.close(1);
    throw error;
  }
  const age = (picture: Newest) => (performance.now() - picture.at) / 1000;
  return {
    name,
    width: size[0],
    height: size[1],
    async latest() {
      if (failure) throw new PistarError("unavailable", `camera ${name}: ${failure.message}`);
      if (age(newest!) > maxAge)
        throw new PistarError(
          "unavailable",
          `camera ${name} (${device}): its newest picture is ${age(newest!).toFixed(1)} s old (limit ${maxAge} s); look at its cable`,
        );
      return newest!.image;
    },
    newest: () => newest && { ...(newest.jpeg && { jpeg: newest.jpeg }), age: age(newest) },
    async close() {
      closed = true;
      await thread.close(1);
    },
  };
}
