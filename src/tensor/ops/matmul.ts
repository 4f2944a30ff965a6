// Matrix products. Two-dimensional ones become ONNX's Gemm: it transposes, scales and adds a bias in one kernel.
// Batches become MatMul, or ONNX Runtime's FusedMatMul if an operand is transposed or the product scaled.
import { rule, single, type Tensor } from "../expression.ts";
import { formatType, type Shape, sameShape } from "../types.ts";
import { broadcastShapes, sumTo } from "./broadcast.ts";
import { expectFloat } from "./dtype.ts";
import { reshape } from "./shape.ts";

/** Options of `matmul`. */
export interface MatmulOptions {
  /** Transpose the last two axes of a first. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** A factor on the product. */
  readonly scale?: number;
}

/**
 * a [..., M, K] · b [..., K, N] → [..., M, N] · scale; leading axes broadcast. With `transposeA`, a is [..., K, M];
 * likewise b.
 * @throws TypeError if sizes or dtypes do not fit
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, scale = 1 } = options;
  expectFloat("matmul", a);
  const words = `${formatType(a)}${transposeA ? "ᵀ" : ""} and ${formatType(b)}${transposeB ? "ᵀ" : ""}`;
  if (a.shape.length < 2 || b.shape.length < 2) throw new TypeError(`matmul: expected at least two axes, got ${words}`);
  const [rows, inner] = matrix(a.shape, transposeA);
  const [innerB, columns] = matrix(b.shape, transposeB);
  if (inner !== innerB || a.dtype !== b.dtype)
    throw new TypeError(`matmul: ${words} do not multiply: inner sizes are ${inner} and ${innerB}`);
  // One large product instead of many small ones, if b is the same for the whole batch.
  if (a.shape.length > 2 && b.shape.length === 2 && !transposeA)
    return reshape(matmul(reshape(a, [-1, inner]), b, options), [...a.shape.slice(0, -1), columns]);
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const flat = a.shape.length === 2 && b.shape.length === 2;
  const plain = !transposeA && !transposeB && scale === 1;
  return single({
    operator: "matmul",
    inputs: [a, b],
    type: { dtype: a.dtype, shape: [...batch, rows, columns] },
    emit: (graph, names) => {
      const [ta, tb, alpha] = [{ int: Number(transposeA) }, { int: Number(transposeB) }, { float: scale }];
      if (flat) return graph.node("Gemm", names, { attributes: { transA: ta, transB: tb, alpha } });
      if (plain) return graph.node("MatMul", names);
      return graph.node("FusedMatMul", names, {
        domain: "com.microsoft",
        attributes: { transA: ta, transB: tb, alpha },
      });
    },
    gradient: rule((dy) => [
      () =>
        sumTo(
          transposeA
            ? matmul(b, dy, { transposeA: transposeB, transposeB: true, scale })
            : matmul(dy, b, { transposeB: !transposeB, scale }),
          a.shape,
        ),
      () =>
        sumTo(
          transposeB
            ? matmul(dy, a, { transposeA: true, transposeB: transposeA, scale })
            : matmul(a, dy, { transposeA: !transposeA, scale }),
          b.shape,
        ),
    ]),
  });
}

function matrix(shape: Shape, transposed: boolean): readonly [number, number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

/**
 * x [..., in] · weightᵀ + bias → [..., out], for weight [out, in] and bias [out].
 * @throws TypeError if sizes or dtypes do not fit
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  expectFloat("linear", x);
  const [out, width] = weight.shape;
  const given = [x, weight, bias].filter((tensor) => tensor !== undefined);
  if (
    weight.shape.length !== 2 ||
    x.shape.at(-1) !== width ||
    (bias !== undefined && !sameShape(bias.shape, [out!])) ||
    given.some(({ dtype }) => dtype !== x.dtype)
  )
    throw new TypeError(
      `linear: expected x [..., in], weight [out, in], bias [out] of one dtype, got ${given.map(formatType).join(", ")}`,
    );
  if (x.shape.length !== 2)
    return reshape(linear(reshape(x, [-1, width!]), weight, bias), [...x.shape.slice(0, -1), out!]);
  if (bias === undefined) return matmul(x, weight, { transposeB: true });
  return single({
    operator: "linear",
    inputs: [x, weight, bias],
    type: { dtype: x.dtype, shape: [x.shape[0]!, out!] },
    emit: (graph, names) => graph.node("Gemm", names, { attributes: { transB: { int: 1 } } }),
    gradient: rule((dy) => [
      () => matmul(dy, weight),
      () => matmul(dy, x, { transposeA: true }),
      () => sumTo(dy, [out!]),
    ]),
  });
}
