// The thread of a camera: it waits for pictures and decodes them.
import { type CaptureOptions, openCapture } from "../../data/index.ts";
import { serveWorker } from "../../system/index.ts";

const work = async (options: CaptureOptions) => {
  const capture = await openCapture(options);
  return {
    mode: () => capture.mode,
    next: () => capture.next(),
    close: () => capture.close(),
  };
};
export type CameraWork = typeof work;

serveWorker(work);
