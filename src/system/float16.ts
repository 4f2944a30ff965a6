// IEEE half precision as 16 bits, as ONNX and safetensors store it, and bfloat16, the upper half of a float.
import { Float16Array } from "@petamoriken/float16";

/** The bits of the half nearest to `x`. */
export const toFloat16 = (x: number): number => float32ToFloat16(Float32Array.of(x))[0]!;

/** Rounds each number to the nearest half. */
export function float32ToFloat16(numbers: Float32Array): Uint16Array {
  return new Uint16Array(new Float16Array(numbers).buffer as ArrayBuffer);
}

/** Widens halves. Exact. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const copy = bits.slice();
  return Float32Array.from(new Float16Array(copy.buffer));
}

/** Widens bfloat16. Exact. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}
