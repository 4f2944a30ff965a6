// Reading by index. Indices are i32 or i64 without a gradient. An element's gradient is the sum over all its readers.
import { constant, rule, single, type Tensor } from "../expression.ts";
import { scalar, writeFilled } from "../fill.ts";
import type { GraphWriter } from "../onnx.ts";
import { type DType, elements, formatType, sameShape, value } from "../types.ts";
import { resolveAxis } from "./axis.ts";
import { cast, equal } from "./compare.ts";
import { expectIndices } from "./dtype.ts";
import { reshape, transpose } from "./shape.ts";

/**
 * Rows of `table` along `axis`; the axes of `indices` replace that axis (NumPy's take). With axis 0 and a [vocabulary,
 * width] table this is an embedding. Indices must lie in the table: ONNX Runtime refuses others at run time.
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

/** Up to this many rows, a product with one-hot indices is quicker than adding element by element. */
const fewRows = 256;

/**
 * A table of `size` rows: row i sums those rows of `rows` [n, ...] with index i. It avoids ScatterND: on several
 * threads ONNX Runtime's loses additions to repeated indices.
 */
function scatterAdd(rows: Tensor, indices: Tensor, size: number): Tensor {
  const { dtype, shape } = rows;
  if (dtype === "f16") return cast(scatterAdd(cast(rows, "f32"), indices, size), dtype); // no kernel adds halves
  const [count, width] = [shape[0]!, elements(shape.slice(1))];
  const asProduct = size <= fewRows;
  return single({
    operator: "scatterAdd",
    inputs: [rows, cast(indices, "i64")],
    type: { dtype, shape: [size, ...shape.slice(1)] },
    emit: (graph, [updates, names]) => {
      const [flat] = graph.node("Reshape", [updates!, graph.integers(asProduct ? [count, width] : [count * width])]);
      const [table] = asProduct
        ? graph.node("MatMul", [oneHotColumns(graph, names!, size), flat!])
        : graph.node(
            "ScatterElements",
            [writeFilled(graph, scalar(0, dtype), [size * width]), elementsOfRows(graph, names!, width), flat!],
            { attributes: { reduction: { text: "add" } } },
          );
      return graph.node("Reshape", [table!, graph.integers([size, ...shape.slice(1)])]);
    },
    gradient: rule((dy) => [() => gather(dy, indices), undefined]),
  });
}

/** [size, n] with a 1 in row index[i] of column i. */
function oneHotColumns(graph: GraphWriter, indices: string, size: number): string {
  const values = graph.constant(value(Float32Array.of(0, 1)));
  return graph.node("OneHot", [indices, graph.integers([size]), values], { attributes: { axis: { int: 0 } } })[0]!;
}

/** Places of the rows' elements in a flattened table of that width: [n · width]. */
function elementsOfRows(graph: GraphWriter, indices: string, width: number): string {
  const [column] = graph.node("Reshape", [indices, graph.integers([-1, 1])]);
  const [start] = graph.node("Mul", [column!, graph.integers([width])]);
  const [each] = graph.node("Add", [start!, graph.integers(Array.from({ length: width }, (_, i) => i))]);
  return graph.node("Reshape", [each!, graph.integers([-1])])[0]!;
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
  const { dtype } = updates;
  if (dtype === "f16") return cast(putAlongAxis(cast(updates, "f32"), indices, axis, size), dtype);
  const shape = updates.shape.with(axis, size);
  return single({
    operator: "putAlongAxis",
    inputs: [updates, indices],
    type: { dtype, shape },
    emit: (graph, [values, names]) =>
      graph.node("ScatterElements", [writeFilled(graph, scalar(0, dtype), shape), names!, values!], {
        attributes: { axis: { int: axis }, reduction: { text: "add" } },
      }),
    gradient: rule((dy) => [() => takeAlongAxis(dy, indices, axis), undefined]),
  });
}

/** A new last axis of size `depth`: 1 at the index, 0 elsewhere; an index outside 0 … depth − 1 gives only zeros. */
export function oneHot(indices: Tensor, depth: number, dtype: DType = "f32"): Tensor {
  expectIndices("oneHot", indices);
  const classes = cast(constant(Int32Array.from({ length: depth }, (_, i) => i)), indices.dtype);
  return cast(equal(reshape(indices, [...indices.shape, 1]), classes), dtype);
}
