// Reading by index. Indices are i32 or i64 and carry no gradient; what is read gets the sum of the gradients of all its readers.
import { constant, rule, single, type Tensor } from "../expression.ts";
import { type DType, elements, formatType, sameShape } from "../types.ts";
import { full } from "./arithmetic.ts";
import { resolveAxis } from "./axis.ts";
import { cast, equal } from "./compare.ts";
import { reshape, transpose } from "./shape.ts";

function expectIndices(operator: string, indices: Tensor): void {
  if (indices.dtype !== "i32" && indices.dtype !== "i64")
    throw new TypeError(`${operator}: expected indices of i32 or i64, got ${formatType(indices)}`);
}

/**
 * Rows of `table` along `axis`: the axis is replaced by the axes of `indices` (NumPy's take). With axis 0 and a [vocabulary, width] table
 * this is an embedding. Indices must lie in the table; ONNX Runtime refuses others when it runs.
 */
export function gather(table: Tensor, indices: Tensor, axis = 0): Tensor {
  expectIndices("gather", indices);
  const along = resolveAxis("gather", table, axis);
  const [before, after] = [table.shape.slice(0, along), table.shape.slice(along + 1)];
  return single({
    operator: "gather",
    inputs: [table, indices],
    type: { dtype: table.dtype, shape: [...before, ...indices.shape, ...after] },
    emit: (graph, names) => graph.node("Gather", names, { attributes: { axis: { int: along } } }),
    gradient: rule((dy) => [
      () => {
        // Rows first: scattering adds whole rows.
        const rank = indices.shape.length;
        const axes = dy.shape.map((_, i) => i);
        const rowsFirst = transpose(dy, [
          ...axes.slice(along, along + rank),
          ...axes.slice(0, along),
          ...axes.slice(along + rank),
        ]);
        const rows = reshape(rowsFirst, [elements(indices.shape), ...before, ...after]);
        const scattered = scatterAdd(rows, reshape(indices, [-1]), table.shape[along]!);
        return transpose(scattered, [...before.map((_, i) => i + 1), 0, ...after.map((_, i) => i + 1 + along)]);
      },
      undefined,
    ]),
  });
}

/** A table of `size` rows: row i is the sum of the rows of `rows` [n, ...] whose index is i. */
function scatterAdd(rows: Tensor, indices: Tensor, size: number): Tensor {
  const shape = [size, ...rows.shape.slice(1)];
  return single({
    operator: "scatterAdd",
    inputs: [full(0, shape, rows.dtype), rows, cast(indices, "i64")],
    type: { dtype: rows.dtype, shape },
    emit: (graph, [table, updates, names]) => {
      const column = graph.node("Reshape", [names!, graph.integers([rows.shape[0]!, 1])]);
      return graph.node("ScatterND", [table!, column[0]!, updates!], { attributes: { reduction: { text: "add" } } });
    },
    gradient: rule((dy) => [undefined, () => gather(dy, indices), undefined]),
  });
}

/** One element per index along `axis`: `indices` has x's shape but for that axis (NumPy's take_along_axis, torch.gather). */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  expectIndices("takeAlongAxis", indices);
  const along = resolveAxis("takeAlongAxis", x, axis);
  if (!sameShape(x.shape.with(along, indices.shape[along] ?? -1), indices.shape))
    throw new TypeError(`takeAlongAxis: ${formatType(indices)} and ${formatType(x)} differ in more than axis ${along}`);
  return single({
    operator: "takeAlongAxis",
    inputs: [x, indices],
    type: { dtype: x.dtype, shape: indices.shape },
    emit: (graph, names) => graph.node("GatherElements", names, { attributes: { axis: { int: along } } }),
    gradient: rule((dy) => [() => putAlongAxis(dy, indices, along, x.shape[along]!), undefined]),
  });
}

/** Zeros of size `size` along `axis`, with each element of `updates` added at its index. */
function putAlongAxis(updates: Tensor, indices: Tensor, axis: number, size: number): Tensor {
  const shape = updates.shape.with(axis, size);
  return single({
    operator: "putAlongAxis",
    inputs: [full(0, shape, updates.dtype), updates, indices],
    type: { dtype: updates.dtype, shape },
    emit: (graph, [zeros, values, names]) =>
      graph.node("ScatterElements", [zeros!, names!, values!], {
        attributes: { axis: { int: axis }, reduction: { text: "add" } },
      }),
    gradient: rule((dy) => [undefined, () => takeAlongAxis(dy, indices, axis), undefined]),
  });
}

/** A new last axis of size `depth`: 1 at the index, 0 elsewhere; an index outside 0 … depth − 1 gives only zeros. */
export function oneHot(indices: Tensor, depth: number, dtype: DType = "f32"): Tensor {
  expectIndices("oneHot", indices);
  const classes = cast(constant(Int32Array.from({ length: depth }, (_, i) => i)), indices.dtype);
  return cast(equal(reshape(indices, [...indices.shape, 1]), classes), dtype);
}
