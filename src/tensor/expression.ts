// The expression graph: immutable nodes with static types. Building a node computes nothing and owns no memory. An
// operator is one function: it checks types, writes the node in ONNX and gives its gradient.
import type { GraphWriter } from "./onnx.ts";
import { type DType, formatType, type Shape, type TensorData, type TensorType, value } from "./types.ts";

/** One output of a node. */
export interface Tensor extends TensorType {
  readonly node: Node;
  /** The output's place among the node's outputs. */
  readonly index: number;
}

/** An operator applied to tensors. */
export interface Node {
  readonly operator: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** The name of an input, parameter or state; undefined for everything computed. */
  readonly name: string | undefined;
  readonly emit: Emit;
  readonly gradient: Gradient | undefined;
  /** V8's stack at the place of building. A node of a gradient has its forward node instead. */
  readonly origin: { readonly stack?: string } | Node;
}

/** Writes the node and returns the ONNX names of its outputs. */
export type Emit = (graph: GraphWriter, inputs: readonly string[]) => readonly string[] | string;

/**
 * Gradients of a node's inputs from those of its outputs. An upstream gradient is undefined if the loss does not depend
 * on that output. There is one thunk per input, called only for wanted gradients. It is undefined if no gradient flows
 * (indices, conditions).
 */
export type Gradient = (
  upstream: readonly (Tensor | undefined)[],
  outputs: readonly Tensor[],
) => readonly ((() => Tensor) | undefined)[];

interface NodeDefinition {
  readonly operator: string;
  readonly inputs: readonly Tensor[];
  readonly types: readonly TensorType[];
  readonly name?: string;
  readonly emit: Emit;
  readonly gradient?: Gradient;
}

let forwardNode: Node | undefined;

/** Runs `build` and marks its new nodes as part of the gradient of `node`. */
export function withOrigin<T>(node: Node, build: () => T): T {
  const outer = forwardNode;
  forwardNode = node;
  try {
    return build();
  } finally {
    forwardNode = outer;
  }
}

/** A node with any number of outputs; returns those outputs. */
export function multiple({ operator, inputs, types, name, emit, gradient }: NodeDefinition): readonly Tensor[] {
  let origin: Node["origin"] = {};
  if (forwardNode) origin = forwardNode;
  else Error.captureStackTrace(origin);
  const outputs: Tensor[] = [];
  const node: Node = { operator, inputs, outputs, name, emit, gradient, origin };
  types.forEach(({ dtype, shape }, index) => {
    outputs.push({ node, index, dtype, shape });
  });
  return outputs;
}

/** A node with one output; returns that output. */
export function single(definition: Omit<NodeDefinition, "types"> & { readonly type: TensorType }): Tensor {
  return multiple({ ...definition, types: [definition.type] })[0]!;
}

/** The gradient rule of an operator with one output. */
export const rule =
  (thunks: (upstream: Tensor, output: Tensor) => readonly ((() => Tensor) | undefined)[]): Gradient =>
  ([upstream], [output]) =>
    thunks(upstream!, output!);

function leaf(operator: string, name: string, dtype: DType, shape: Shape): Tensor {
  if (shape.some((size) => !Number.isInteger(size) || size < 0))
    throw new TypeError(`${operator} "${name}": expected a shape of integers ≥ 0, got [${shape.join(", ")}]`);
  const emit: Emit = () => {
    throw new Error(`${operator} "${name}" is a leaf: the compiler binds it`);
  };
  return single({ operator, inputs: [], type: { dtype, shape: [...shape] }, name, emit });
}

/**
 * An input, fed on every run. `name` is its key in the feeds.
 * @throws TypeError for a shape with sizes other than integers from 0
 */
export const input = (name: string, shape: Shape, dtype: DType = "f32"): Tensor => leaf("input", name, dtype, shape);

/**
 * A state: a tensor kept in a store between runs, such as a parameter, a moment of the optimiser or a counter.
 * @throws TypeError for a shape with sizes other than integers from 0
 */
export const state = (name: string, shape: Shape, dtype: DType = "f32"): Tensor => leaf("state", name, dtype, shape);

/** Fixed numbers inside the graph. `shape` and `dtype` default as in `value`. */
export function constant(data: TensorData, shape?: Shape, dtype?: DType): Tensor {
  const type = value(data, shape, dtype);
  return single({ operator: "constant", inputs: [], type, emit: (graph) => graph.constant(type) });
}

/** One line about a tensor for error messages: operator, name, type and the place of building. */
export function describe({ node, index }: Tensor): string {
  const name = node.name === undefined ? node.operator : `${node.operator} "${node.name}"`;
  const which = node.outputs.length > 1 ? ` output ${index}` : "";
  const at =
    "operator" in node.origin ? `in the gradient of ${describe(node.origin.outputs[0]!)}` : site(node.origin.stack);
  return `${name}${which} (${formatType(node.outputs[index]!)}) ${at}`;
}

/** The stack's first line outside this folder. */
function site(stack = ""): string {
  const here = new URL(".", import.meta.url).href;
  const lines = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const outside = lines.find(
    (line) => !(line.includes(here) || line.includes(here.replace("file://", ""))) || line.includes(".test."),
  );
  return (outside ?? lines.at(-1) ?? "at an unknown place").trim();
}

/**
 * Every node below `roots`, inputs before their users. It iterates, because graphs may be deeper than the call stack.
 */
export function topological(roots: readonly Tensor[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  for (const root of roots) {
    if (seen.has(root.node)) continue;
    seen.add(root.node);
    stack.push({ node: root.node, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const child = top.node.inputs[top.next++];
      if (child === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(child.node)) {
        seen.add(child.node);
        stack.push({ node: child.node, next: 0 });
      }
    }
  }
  return order;
}
