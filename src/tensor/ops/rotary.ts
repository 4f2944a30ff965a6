// Rotary position embedding (Su et al. 2021) in the half-split form of Gemma and Llama: element i pairs with element i
// + D/2.
import { constant, rule, single, type Tensor } from "../expression.ts";
import { elements, formatType, sameShape } from "../types.ts";
import { mul, neg } from "./arithmetic.ts";
import { cast } from "./compare.ts";
import { expectFloat } from "./dtype.ts";
import { cos, sin } from "./elementwise.ts";
import { reshape } from "./shape.ts";

/**
 * Cosines and sines of the angles position · base^(−2i/D), each [B, T, D/2]. Positions are [B, T], or [1, T] for all; D
 * is even.
 * @throws TypeError for other shapes or an odd head size
 */
export function rotaryAngles(positions: Tensor, headSize: number, base = 10_000): readonly [Tensor, Tensor] {
  if (headSize % 2 !== 0 || positions.shape.length !== 2)
    throw new TypeError(
      `rotaryAngles: expected positions [B, T] and an even head size, got ${formatType(positions)} and ${headSize}`,
    );
  const frequencies = Float32Array.from({ length: headSize / 2 }, (_, i) => base ** ((-2 * i) / headSize));
  const angles = mul(reshape(cast(positions, "f32"), [...positions.shape, 1]), constant(frequencies));
  return [cos(angles), sin(angles)];
}

/**
 * Rotates x [B, heads, T, D] by angles, given as cosines and sines [B or 1, T, D/2]. D is even.
 * @throws TypeError for other shapes
 */
export function rotary(x: Tensor, cosines: Tensor, sines: Tensor): Tensor {
  expectFloat("rotary", x);
  const [batch, , length, size] = x.shape;
  const rows = cosines.shape[0]!;
  const fits =
    cosines.shape.length === 3 &&
    sameShape(cosines.shape.slice(1), [length!, size! / 2]) &&
    (rows === 1 || rows === batch);
  if (x.shape.length !== 4 || !fits || !sameShape(cosines.shape, sines.shape))
    throw new TypeError(
      `rotary: expected x [B, heads, T, D] and angles [B or 1, T, D/2], got ${formatType(x)}, ${formatType(cosines)} and ${formatType(sines)}`,
    );
  // The kernel reads row `position` of a cache. This cache has one row per token of the batch.
  const order = BigInt64Array.from({ length: elements([batch!, length!]) }, (_, i) => BigInt(i % (rows * length!)));
  return single({
    operator: "rotary",
    inputs: [x, cosines, sines, constant(order, [batch!, length!])],
    type: x,
    emit: (graph, [a, c, s, positions]) => {
      const cache = graph.integers([-1, size! / 2]);
      const rowsOf = (name: string) => graph.node("Reshape", [name, cache])[0]!;
      return graph.node("RotaryEmbedding", [a!, positions!, rowsOf(c!), rowsOf(s!)], { domain: "com.microsoft" });
    },
    gradient: rule((dy) => [() => rotary(dy, cosines, neg(sines)), undefined, undefined, undefined]),
  });
}
