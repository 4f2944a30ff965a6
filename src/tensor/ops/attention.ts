// Scaled dot-product attention (Vaswani et al. 2017, equation 1) as one operator. Its gradient is cheaper than that of
// its parts. B batch, H query heads, G key/value heads, T tokens, S tokens attended to, D head size.
import { constant, multiple, type Tensor } from "../expression.ts";
import { scalar } from "../fill.ts";
import { formatType, sameShape } from "../types.ts";
import { mul, sub } from "./arithmetic.ts";
import { expand, sum } from "./broadcast.ts";
import { where } from "./compare.ts";
import { expectFloat } from "./dtype.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./shape.ts";

/**
 * Masked scores are lowered by this much. It is far below any score yet finite: a row without keys stays defined, with
 * equal weights.
 */
const masked = { f32: -1e9, f16: -6e4 };

/**
 * softmax(q kᵀ / √D) v of shape [B, H, T, D], for q [B, H, T, D] and k, v [B, G, S, D] with H a multiple of G. Query
 * head h reads key/value head ⌊h·G/H⌋. `mask` is bool [T, S], [1, T, S] or [B, T, S], true for an allowed pair. A row
 * without allowed keys gives the mean of v: leave such rows out of the loss.
 * @throws TypeError for other shapes, or a mask that is not bool
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, mask?: Tensor): Tensor {
  expectFloat("attention", q);
  const [batch, heads, length, size] = q.shape as [number, number, number, number];
  const [, groups, keys] = k.shape as [number, number, number];
  const fits = q.shape.length === 4 && heads % groups === 0 && sameShape(k.shape, [batch, groups, keys, size]);
  if (!fits || !sameShape(k.shape, v.shape))
    throw new TypeError(
      `attention: expected q [B, H, T, D], k and v [B, G, S, D] with H a multiple of G, got ${formatType(q)}, ${formatType(k)}, ${formatType(v)}`,
    );
  // Query heads of one group are neighbours. As rows of one product they share its keys.
  const shared = heads / groups;
  const rows = reshape(q, [batch, groups, shared * length, size]);
  const bias = mask === undefined ? undefined : maskBias(mask, q, keys, shared);
  return reshape(attend(rows, k, v, bias), q.shape);
}

/**
 * The mask as a bias of scores [B or 1, 1, H/G · T, S]: 0 for an allowed pair, else very low. Rows repeat for every
 * head of a group.
 */
function maskBias(mask: Tensor, q: Tensor, keys: number, shared: number): Tensor {
  const [batch, , length] = q.shape as [number, number, number];
  const rows = mask.shape.length === 2 ? 1 : mask.shape[0]!;
  const tail = mask.shape.slice(-2);
  if (
    mask.dtype !== "bool" ||
    mask.shape.length > 3 ||
    !sameShape(tail, [length, keys]) ||
    (rows !== 1 && rows !== batch)
  )
    throw new TypeError(`attention: expected a bool mask [1 or ${batch}, ${length}, ${keys}], got ${formatType(mask)}`);
  const { data } = scalar(masked[q.dtype as "f32" | "f16"], q.dtype);
  const bias = where(mask, constant(scalar(0, q.dtype).data, [], q.dtype), constant(data, [], q.dtype));
  const repeated = expand(reshape(bias, [rows, 1, 1, length, keys]), [rows, 1, shared, length, keys]);
  return reshape(repeated, [rows, 1, shared * length, keys]);
}

/** Attention of q [B, G, R, D] on k and v [B, G, S, D]. `bias` broadcasts to [B, G, R, S] and gets no gradient. */
function attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | undefined): Tensor {
  const scale = 1 / Math.sqrt(q.shape[3]!);
  const weightsShape = [...q.shape.slice(0, 3), k.shape[2]!];
  const [y] = multiple({
    operator: "attention",
    inputs: bias === undefined ? [q, k, v] : [q, k, v, bias],
    types: [q, { dtype: q.dtype, shape: weightsShape }],
    emit: (graph, [queries, theirKeys, values, low]) => {
      const [scores] = graph.node("FusedMatMul", [queries!, theirKeys!], {
        domain: "com.microsoft",
        attributes: { transB: { int: 1 }, alpha: { float: scale } },
      });
      const [biased] = low === undefined ? [scores] : graph.node("Add", [scores!, low]);
      const [weights] = graph.node("Softmax", [biased!], { attributes: { axis: { int: -1 } } });
      return [...graph.node("MatMul", [weights!, values!]), weights!];
    },
    gradient: ([dy, unsupported], [out, weights]) => {
      if (unsupported || !dy) throw new Error("attention: its gradient cannot be differentiated again");
      // Σ over keys of weight · ∂weight equals dy · out, a much smaller product (Dao et al. 2022, section 3.1).
      const scoreGradient = () =>
        mul(weights!, sub(matmul(dy, v, { transposeB: true }), sum(mul(dy, out!), -1, { keep: true })));
      let shared: Tensor | undefined;
      const ds = () => (shared ??= scoreGradient());
      return [
        () => matmul(ds(), k, { scale }),
        () => matmul(ds(), q, { transposeA: true, scale }),
        () => matmul(weights!, dy, { transposeA: true }),
        undefined,
      ];
    },
  });
  return y!;
}
