// The thread side of scene-loader.ts: makes the scenes it is asked for.
import { parentPort, workerData } from "node:worker_threads";
import { SceneMaker, type Scenes } from "./scenes.ts";

export interface SceneRequest {
  readonly seed: string;
  readonly size: number;
}
export type SceneReply = { readonly scenes: Scenes } | { readonly failed: unknown };

if (!parentPort) throw new Error("Expected to run as a thread of SceneLoader");
const port = parentPort;
const maker = SceneMaker.open((workerData as { readonly pictureSize: number }).pictureSize);
// One after the other: they are made on the same tables.
let done = Promise.resolve();
port.on("message", (request: SceneRequest) => {
  done = done.then(() => answer(request));
});

async function answer({ seed, size }: SceneRequest): Promise<void> {
  try {
    const scenes = await (await maker).make(seed, size);
    const { size: _, instructions: __, pictures, ...numbers } = scenes;
    const buffers = [...Object.values(pictures), ...Object.values(numbers)].map(({ buffer }) => buffer as ArrayBuffer);
    port.postMessage({ scenes } satisfies SceneReply, buffers);
  } catch (failed) {
    port.postMessage({ failed } satisfies SceneReply);
  }
}
