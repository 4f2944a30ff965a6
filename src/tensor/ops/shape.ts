// Operators that move numbers without changing them.

import { multiple, rule, single, type Tensor } from "../expression.ts";
import { scalar } from "../fill.ts";
import { elements, formatShape, formatType, isFloat, type Shape, sameShape } from "../types.ts";
import { resolveAxis } from "./axis.ts";
import { full } from "./operand.ts";

/**
 * The same numbers, row-major, in another shape. One size may be −1 for the rest.
 * @throws TypeError if the number of elements differs
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = elements(shape.filter((size) => size !== -1));
  const free = shape.indexOf(-1);
  const to = free === -1 ? [...shape] : shape.map((size) => (size === -1 ? elements(x.shape) / known : size));
  if (elements(to) !== elements(x.shape) || to.some((size) => !Number.isInteger(size) || size < 0))
    throw new TypeError(
      `reshape: ${formatShape(x.shape)} has ${elements(x.shape)} elements, ${formatShape(shape)} does not`,
    );
  if (sameShape(to, x.shape)) return x;
  return single({
    operator: "reshape",
    inputs: [x],
    type: { dtype: x.dtype, shape: to },
    // allowzero: a size of 0 means an empty axis, not "as before"
    emit: (graph, [a]) =>
      graph.node("Reshape", [a!, graph.integers(to)], to.includes(0) ? { attributes: { allowzero: { int: 1 } } } : {}),
    gradient: rule((dy) => [() => reshape(dy, x.shape)]),
  });
}

/** Axis i of the result is axis `order[i]` of x; by default the axes are reversed. */
export function transpose(x: Tensor, order: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i)): Tensor {
  const axes = order.map((axis) => resolveAxis("transpose", x, axis));
  if (axes.length !== x.shape.length || new Set(axes).size !== axes.length)
    throw new TypeError(`transpose: expected every axis of ${formatShape(x.shape)} once, got [${order.join(", ")}]`);
  if (axes.every((axis, i) => axis === i)) return x;
  return single({
    operator: "transpose",
    inputs: [x],
    type: { dtype: x.dtype, shape: axes.map((axis) => x.shape[axis]!) },
    emit: (graph, names) => graph.node("Transpose", names, { attributes: { perm: { ints: axes } } }),
    gradient: rule((dy) => [
      () =>
        transpose(
          dy,
          axes.map((_, i) => axes.indexOf(i)),
        ),
    ]),
  });
}

/** Tensors one after another along `axis`. The other sizes and the dtypes must agree. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0];
  if (first === undefined) throw new TypeError("concat: expected at least one tensor");
  const along = resolveAxis("concat", first, axis);
  for (const other of tensors) {
    const fits =
      other.shape.length === first.shape.length &&
      other.shape.every((size, i) => i === along || size === first.shape[i]);
    if (!fits || other.dtype !== first.dtype)
      throw new TypeError(`concat: ${formatType(first)} and ${formatType(other)} differ in more than axis ${along}`);
  }
  if (tensors.length === 1) return first;
  const sizes = tensors.map((tensor) => tensor.shape[along]!);
  const shape = first.shape.map((size, i) => (i === along ? sizes.reduce((a, b) => a + b) : size));
  return single({
    operator: "concat",
    inputs: tensors,
    type: { dtype: first.dtype, shape },
    emit: (graph, names) => graph.node("Concat", names, { attributes: { axis: { int: along } } }),
    gradient: rule((dy) => {
      const parts = split(dy, along, sizes);
      return parts.map((part) => () => part);
    }),
  });
}

/**
 * Elements `start` to `end` (exclusive) along `axis`. Negative ones count from the end.
 * @throws RangeError outside the axis
 */
export function slice(x: Tensor, axis: number, start: number, end: number = x.shape.at(axis) ?? 0): Tensor {
  const along = resolveAxis("slice", x, axis);
  const size = x.shape[along]!;
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  if (![from, to].every(Number.isInteger) || from < 0 || to < from || to > size)
    throw new RangeError(
      `slice: expected 0 ≤ start ≤ end ≤ ${size} on axis ${along} of ${formatShape(x.shape)}, got ${start} to ${end}`,
    );
  if (from === 0 && to === size) return x;
  return single({
    operator: "slice",
    inputs: [x],
    type: { dtype: x.dtype, shape: x.shape.map((other, i) => (i === along ? to - from : other)) },
    emit: (graph, [a]) => graph.node("Slice", [a!, ...[[from], [to], [along]].map(graph.integers)]),
    gradient: rule((dy) => [
      () =>
        pad(
          dy,
          x.shape.map((_, i): [number, number] => (i === along ? [from, size - to] : [0, 0])),
        ),
    ]),
  });
}

/** More parts than this are sliced one by one: a WebGPU kernel binds a dozen buffers at most. */
const maxSplit = 8;

/** Parts of the given sizes along `axis`. The sizes must add up to the whole. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): readonly Tensor[] {
  const along = resolveAxis("split", x, axis);
  if (sizes.reduce((a, b) => a + b, 0) !== x.shape[along] || sizes.some((size) => !Number.isInteger(size) || size < 0))
    throw new TypeError(
      `split: expected sizes that add up to ${x.shape[along]}, axis ${along} of ${formatShape(x.shape)}, got [${sizes.join(", ")}]`,
    );
  const types = sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape.map((other, i) => (i === along ? size : other)),
  }));
  return multiple({
    operator: "split",
    inputs: [x],
    types,
    emit: (graph, [a]) => {
      if (sizes.length <= maxSplit)
        return graph.node("Split", [a!, graph.integers(sizes)], {
          attributes: { axis: { int: along } },
          outputs: sizes.length,
        });
      let start = 0;
      return sizes.flatMap((size) => {
        const bounds = [[start], [start + size], [along]].map(graph.integers);
        start += size;
        return graph.node("Slice", [a!, ...bounds]);
      });
    },
    gradient: (upstream) => [
      () =>
        concat(
          upstream.map((dy, i) => dy ?? full(0, types[i]!.shape, x.dtype)),
          along,
        ),
    ],
  });
}

/** Pads x with `amounts[axis]` = [before, after] elements of `fill`. */
export function pad(x: Tensor, amounts: readonly (readonly [number, number])[], fill = 0): Tensor {
  if (amounts.length !== x.shape.length || amounts.flat().some((amount) => !Number.isInteger(amount) || amount < 0))
    throw new TypeError(
      `pad: expected [before, after] ≥ 0 for each axis of ${formatShape(x.shape)}, got ${JSON.stringify(amounts)}`,
    );
  if (amounts.flat().every((amount) => amount === 0)) return x;
  const pads = [...amounts.map(([before]) => before), ...amounts.map(([, after]) => after)];
  return single({
    operator: "pad",
    inputs: [x],
    type: { dtype: x.dtype, shape: x.shape.map((size, axis) => size + amounts[axis]![0] + amounts[axis]![1]) },
    emit: (graph, [a]) => graph.node("Pad", [a!, graph.integers(pads), graph.constant(scalar(fill, x.dtype))]),
    ...(isFloat(x.dtype) && {
      gradient: rule((dy) => [
        () => amounts.reduce((part, [before], axis) => slice(part, axis, before, before + x.shape[axis]!), dy),
      ]),
    }),
  });
}
