// Devices: ONNX Runtime's execution providers, and what to install for a missing one.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import ort from "onnxruntime-node";
import { PistarError } from "../system/index.ts";
import { scalar } from "./fill.ts";
import { graphWriter } from "./onnx.ts";
import type { DType, TensorData, TensorValue } from "./types.ts";

/** An execution provider of ONNX Runtime. */
export type Device = "cpu" | "webgpu" | "cuda";

/** Every device that a program can be compiled for. */
export const devices: readonly Device[] = ["cpu", "webgpu", "cuda"];

// Failures reach the caller as exceptions. ONNX Runtime's own lines on stderr would repeat them.
ort.env.logLevel = "fatal";

const remedy: Record<Device, string> = {
  cpu: "reinstall onnxruntime-node (npm ci)",
  webgpu:
    "WebGPU needs a GPU driver: Vulkan on Linux (Debian: mesa-vulkan-drivers or the vendor's driver), Direct3D 12 on Windows, Metal on macOS",
  cuda:
    "CUDA needs Linux x64, an NVIDIA driver, CUDA 12 with cuDNN 9 on the library path, and ONNX Runtime's CUDA libraries: " +
    "npm rebuild onnxruntime-node --ignore-scripts=false --onnxruntime-node-install=cuda12",
};

/** Where and how a model runs. */
export interface SessionOptions {
  /** Default: "cpu". */
  readonly device?: Device;
  /** CPU threads that one operator may use; default: all cores. */
  readonly threads?: number;
  /** Outputs that stay on the GPU (webgpu only). */
  readonly resident?: readonly string[];
  /** Writes ONNX Runtime's trace of every kernel to a file with this prefix when the program is released. */
  readonly profile?: string;
}

/**
 * Loads a model from its bytes or its file. Large parameters may lie in a file beside the model.
 * @throws PistarError unavailable, with what to install, if the device cannot be used; missing-file or damaged-file for
 * a model's file
 * @internal
 */
export async function createSession(
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<ort.InferenceSession> {
  const { device = "cpu", threads = availableParallelism(), resident = [], profile } = options;
  if (!devices.includes(device)) throw new TypeError(`Expected a device of ${devices.join(", ")}, got ${device}`);
  try {
    // The class has one signature for bytes and one for a path, but none for either.
    return await ort.InferenceSession.create(model as string, {
      executionProviders: [device],
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
      // Waiting threads must not spin. Spinning took cores from the simulator and other workers: a step lasted twice as
      // long.
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

/** ONNX Runtime's message, without its leading source position and C++ condition. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^\/\S+:\d+ .* was false\. /s, "").trim();
}

const runtimeTypes = { f32: "float32", f16: "float16", i64: "int64", i32: "int32", bool: "bool", u8: "uint8" } as const;

/** A value as ONNX Runtime's tensor. Both share one memory. @internal */
export function toRuntime({ dtype, shape, data }: TensorValue): ort.Tensor {
  const tensor = new ort.Tensor(runtimeTypes[dtype], data, shape);
  // With a Float16Array (Node 24) the class turns the bits into one, and its native part takes that for empty.
  if (tensor.data !== data) Object.defineProperty(tensor, "data", { value: data });
  return tensor;
}

/** The numbers of a tensor in main memory. Both share one memory. @internal */
export function fromRuntime(tensor: ort.Tensor, dtype: DType): TensorValue {
  const data = tensor.data as TensorData;
  // ONNX Runtime returns a Float16Array on Node 24. pistar keeps halves as their bits everywhere.
  const bits = dtype === "f16" ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { dtype, shape: [...tensor.dims], data: bits };
}

/** Whether `device` can run programs here: undefined if it can, else the reason and what to install. */
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
