// Where programs run: ONNX Runtime's execution providers, and what to install for one that is missing.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import ort from "onnxruntime-node";
import { PistarError } from "../system/index.ts";
import { scalar } from "./fill.ts";
import { graphWriter } from "./onnx.ts";
import type { DType, TensorData, TensorValue } from "./types.ts";

export type Device = "cpu" | "webgpu" | "cuda";

export const devices: readonly Device[] = ["cpu", "webgpu", "cuda"];

// What fails reaches the caller as an exception; ONNX Runtime's own lines on stderr would only repeat it.
ort.env.logLevel = "fatal";

const remedy: Record<Device, string> = {
  cpu: "reinstall onnxruntime-node (npm ci)",
  webgpu:
    "WebGPU needs a GPU driver: Vulkan on Linux (Debian: mesa-vulkan-drivers or the vendor's driver), Direct3D 12 on Windows, Metal on macOS",
  cuda:
    "CUDA needs Linux x64, an NVIDIA driver, CUDA 12 with cuDNN 9 on the library path, and ONNX Runtime's CUDA libraries: " +
    "npm rebuild onnxruntime-node --ignore-scripts=false --onnxruntime-node-install=cuda12",
};

export interface SessionOptions {
  readonly device?: Device;
  /** CPU threads that one operator may use; default: all cores. */
  readonly threads?: number;
  /** Outputs that stay on the GPU (webgpu only). */
  readonly resident?: readonly string[];
  /** Writes ONNX Runtime's trace of every kernel to a file with this prefix when the program is released. */
  readonly profile?: string;
}

/**
 * Loads a model, given its bytes or its file, beside which numbers may lie.
 * @throws PistarError unavailable, with what to install, where the device cannot be used; missing-file or damaged-file for a model's file
 */
export async function createSession(
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<ort.InferenceSession> {
  const { device = "cpu", threads = availableParallelism(), resident = [], profile } = options;
  if (!devices.includes(device)) throw new TypeError(`Expected a device of ${devices.join(", ")}, got ${device}`);
  try {
    // The class has a signature for each, and none for either.
    return await ort.InferenceSession.create(model as string, {
      executionProviders: [device],
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
      // Threads that spin while they wait take the cores from the simulator and from other workers: a step took twice as long beside them.
      extra: { session: { intra_op: { allow_spinning: "0" } } },
      ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
      ...(resident.length > 0 && {
        preferredOutputLocation: Object.fromEntries(resident.map((name) => [name, "gpu-buffer" as const])),
      }),
    });
  } catch (error) {
    const reason = reasonOf(error);
    if (device !== "cpu")
      throw new PistarError(
        "unavailable",
        `The device "${device}" is not available here. ${remedy[device]}\nONNX Runtime says: ${reason}`,
        { cause: error },
      );
    if (typeof model !== "string") throw error;
    const what = `${model}: expected a model for ONNX Runtime (${reason})`;
    throw new PistarError(existsSync(model) ? "damaged-file" : "missing-file", what, { path: model, cause: error });
  }
}

/** What ONNX Runtime says, without the place in its source and the C++ condition that come first. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^\/\S+:\d+ .* was false\. /s, "").trim();
}

const runtimeTypes = { f32: "float32", f16: "float16", i64: "int64", i32: "int32", bool: "bool", u8: "uint8" } as const;

/** ONNX Runtime's view of a value: the same memory. */
export function toRuntime({ dtype, shape, data }: TensorValue): ort.Tensor {
  const tensor = new ort.Tensor(runtimeTypes[dtype], data, shape);
  // Where there is a Float16Array (Node 24) the class makes one of the halves' bits, which its own native part then takes for empty.
  if (tensor.data !== data) Object.defineProperty(tensor, "data", { value: data });
  return tensor;
}

/** The numbers of a tensor that lies in main memory: the same memory. */
export function fromRuntime(tensor: ort.Tensor, dtype: DType): TensorValue {
  const data = tensor.data as TensorData;
  // Node 24 has a Float16Array, which ONNX Runtime then returns; pistar keeps halves as their bits everywhere.
  const bits = dtype === "f16" ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { dtype, shape: [...tensor.dims], data: bits };
}

/** Whether `device` can run programs here: undefined when it can, else the reason with what to install. */
export async function whyUnavailable(device: Device): Promise<string | undefined> {
  const graph = graphWriter();
  graph.output("one", { dtype: "f32", shape: [] }, graph.constant(scalar(1, "f32")));
  try {
    const session = await createSession(graph.finish(), { device });
    await session.run({});
    await session.release();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
