// Runs an .onnx file as it is, such as one that `exportOnnx` wrote.
import { createSession, fromRuntime, type SessionOptions, toRuntime } from "./device.ts";
import type { Value } from "./types.ts";

export interface OnnxFile {
  /** Of every input to every output; outputs are 32-bit floats. */
  run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>>;
  release(): Promise<void>;
}

/** @throws Error where the file cannot be loaded, or the device cannot be used */
export async function openOnnx(path: string, options: SessionOptions = {}): Promise<OnnxFile> {
  const session = await createSession(path, options);
  return {
    async run(feeds) {
      const fed = Object.entries(feeds).map(([name, value]) => [name, toRuntime(value)] as const);
      const results = await session.run(Object.fromEntries(fed));
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromRuntime(tensor, "f32")]));
    },
    release: () => session.release(),
  };
}
