// Runs an .onnx model as it is: a file such as one that `exportOnnx` wrote, or the bytes of a graph for another thread.
import { createSession, fromRuntime, type SessionOptions, toRuntime } from "./device.ts";
import type { Tensor } from "./expression.ts";
import { lower } from "./lower.ts";
import { graphWriter } from "./onnx.ts";
import type { TensorValue } from "./types.ts";

export interface OnnxFile {
  /**
   * Of every input to every output; outputs are 32-bit floats.
   * @param into where outputs are to be written, by name, in place of new memory
   */
  run(
    feeds: Readonly<Record<string, TensorValue>>,
    into?: Readonly<Record<string, TensorValue>>,
  ): Promise<Record<string, TensorValue>>;
  release(): Promise<void>;
}

/**
 * @param model a path, or a model's bytes
 * @throws Error where it cannot be loaded, or the device cannot be used
 */
export async function openOnnx(model: string | Uint8Array, options: SessionOptions = {}): Promise<OnnxFile> {
  const session = await createSession(model, options);
  const runtime = (values: Readonly<Record<string, TensorValue>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toRuntime(value)]));
  return {
    async run(feeds, into = {}) {
      const fetches = { ...Object.fromEntries(session.outputNames.map((name) => [name, null])), ...runtime(into) };
      const results = await session.run(runtime(feeds), fetches);
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [name, into[name] ?? fromRuntime(tensor, "f32")]),
      );
    },
    release: () => session.release(),
  };
}

/** A model that computes `outputs` from `inputs`, which may be states: they are inputs too, under their own names. */
export function onnxBytes(inputs: readonly Tensor[], outputs: Readonly<Record<string, Tensor>>): Uint8Array {
  const writer = graphWriter();
  const lowered = lower(writer, Object.values(outputs));
  for (const leaf of inputs) writer.input(leaf.node.name!, leaf);
  for (const [name, tensor] of Object.entries(outputs)) writer.output(name, tensor, lowered.nameOf(tensor));
  return writer.finish();
}
