// Two-dimensional convolution over [batch, channels, height, width]; cross-correlation, as in every framework.
import { rule, single, type Tensor } from "../expression.ts";
import { formatType } from "../types.ts";
import { add } from "./arithmetic.ts";
import { expectFloat } from "./dtype.ts";
import { reshape, slice, transpose } from "./shape.ts";

/** Options of `conv2d`. */
export interface ConvOptions {
  /** Steps between windows, both axes; default 1. */
  readonly stride?: number;
  /** Zeros on every side; default 0. */
  readonly padding?: number;
  /** Steps between the elements of a window; default 1. */
  readonly dilation?: number;
}

/**
 * x [B, C, H, W], weight [O, C, kh, kw], bias [O] → [B, O, H′, W′] with H′ = ⌊(H + 2·padding − dilation·(kh − 1) − 1) /
 * stride⌋ + 1.
 * @throws TypeError for shapes that do not fit; RangeError for a wrong stride, padding or dilation
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1 } = options;
  expectFloat("conv2d", x);
  const [batch, channels, height, width] = x.shape;
  const [out, channelsOfWeight, kh, kw] = weight.shape;
  if (x.shape.length !== 4 || weight.shape.length !== 4 || channels !== channelsOfWeight || x.dtype !== weight.dtype)
    throw new TypeError(
      `conv2d: expected x [B, C, H, W] and weight [O, C, kh, kw], got ${formatType(x)} and ${formatType(weight)}`,
    );
  if (
    [stride, dilation].some((step) => !Number.isInteger(step) || step < 1) ||
    !Number.isInteger(padding) ||
    padding < 0
  )
    throw new RangeError(
      `conv2d: expected integers stride ≥ 1, padding ≥ 0, dilation ≥ 1, got ${stride}, ${padding}, ${dilation}`,
    );
  const size = (length: number, kernel: number) =>
    Math.floor((length + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
  const [rows, columns] = [size(height!, kh!), size(width!, kw!)];
  if (rows < 1 || columns < 1)
    throw new TypeError(`conv2d: a window of ${formatType(weight)} does not fit in ${formatType(x)}`);
  if (bias !== undefined) {
    if (bias.shape.length !== 1 || bias.shape[0] !== out)
      throw new TypeError(`conv2d: expected bias [${out}], got ${formatType(bias)}`);
    return add(conv2d(x, weight, undefined, options), reshape(bias, [out!, 1, 1]));
  }
  const attributes = {
    kernel_shape: { ints: [kh!, kw!] },
    strides: { ints: [stride, stride] },
    pads: { ints: [padding, padding, padding, padding] },
    dilations: { ints: [dilation, dilation] },
  };
  return single({
    operator: "conv2d",
    inputs: [x, weight],
    type: { dtype: x.dtype, shape: [batch!, out!, rows, columns] },
    emit: (graph, names) => graph.node("Conv", names, { attributes }),
    gradient: rule((dy) => [() => convTranspose(dy, weight, x, options), () => weightGradient(x, dy, weight, options)]),
  });
}

/** dW[o, c] is the correlation of x's channel c with dy's channel o. Stride and dilation change places. */
function weightGradient(x: Tensor, dy: Tensor, weight: Tensor, options: ConvOptions): Tensor {
  const { stride = 1, padding = 0, dilation = 1 } = options;
  const swapped = conv2d(transpose(x, [1, 0, 2, 3]), transpose(dy, [1, 0, 2, 3]), undefined, {
    stride: dilation,
    dilation: stride,
    padding,
  });
  const [, , kh, kw] = weight.shape;
  return transpose(slice(slice(swapped, 2, 0, kh), 3, 0, kw), [1, 0, 2, 3]);
}

/** The gradient of conv2d by x: spreads dy [B, O, H′, W′] back over the shape of `like`. */
function convTranspose(dy: Tensor, weight: Tensor, like: Tensor, options: ConvOptions): Tensor {
  const { stride = 1, padding = 0, dilation = 1 } = options;
  const extra = [2, 3].map((axis) => {
    const reached = (dy.shape[axis]! - 1) * stride + dilation * (weight.shape[axis]! - 1) + 1 - 2 * padding;
    return like.shape[axis]! - reached;
  });
  return single({
    operator: "convTranspose",
    inputs: [dy, weight],
    type: like,
    emit: (graph, names) =>
      graph.node("ConvTranspose", names, {
        attributes: {
          kernel_shape: { ints: weight.shape.slice(2) },
          strides: { ints: [stride, stride] },
          pads: { ints: [padding, padding, padding, padding] },
          dilations: { ints: [dilation, dilation] },
          output_padding: { ints: extra },
        },
      }),
    gradient: rule((up) => [
      () => conv2d(up, weight, undefined, options),
      () => weightGradient(up, dy, weight, options),
    ]),
  });
}
