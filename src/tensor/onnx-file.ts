// Runs an ONNX model: a file such as `exportOnnx` writes, or a graph's bytes for another thread.
import { createSession, fromRuntime, type SessionOptions, toRuntime } from "./device.ts";
import type { Tensor } from "./expression.ts";
import { lower } from "./lower.ts";
import { graphWriter } from "./onnx.ts";
import type { TensorValue } from "./types.ts";

/** An open ONNX model. */
export interface OnnxFile {
  /**
   * Runs the model on a value for every input and returns every output as 32-bit floats.
   * @param into buffers for outputs by name, in place of new memory
   */
  run(
    feeds: Readonly<Record<string, TensorValue>>,
    into?: Readonly<Record<string, TensorValue>>,
  ): Promise<Record<string, TensorValue>>;
  release(): Promise<void>;
}

/**
 * Opens a model for running.
 * @param model a path, or a model's bytes
 * @throws PistarError missing-file, damaged-file or unavailable, as `createSession`
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

/** A model from `inputs` to `outputs`, as bytes. States among `inputs` become inputs of their own names. */
export function onnxBytes(inputs: readonly Tensor[], outputs: Readonly<Record<string, Tensor>>): Uint8Array {
  const writer = graphWriter();
  const lowered = lower(writer, Object.values(outputs));
  for (const leaf of inputs) writer.input(leaf.node.name!, leaf);
  for (const [name, tensor] of Object.entries(outputs)) writer.output(name, tensor, lowered.nameOf(tensor));
  return writer.finish();
}
