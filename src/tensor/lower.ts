// Lowering: expressions become an ONNX graph.
import { describe, type Tensor, topological } from "./expression.ts";
import type { GraphWriter } from "./onnx.ts";
import { formatType, sameShape } from "./types.ts";

export interface Lowered {
  /** The ONNX name of a tensor below the roots. */
  nameOf(tensor: Tensor): string;
  /** Leaves in use, by name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly states: ReadonlyMap<string, Tensor>;
  /** Everything computed, inputs before their users. */
  readonly computed: readonly Tensor[];
}

/**
 * Writes every node below `roots`. The caller binds the leaves under their own names.
 * @throws TypeError if two different leaves share a name
 */
export function lower(graph: GraphWriter, roots: readonly Tensor[]): Lowered {
  const names = new Map<Tensor, string>();
  const leaves = { input: new Map<string, Tensor>(), state: new Map<string, Tensor>() };
  const computed: Tensor[] = [];
  for (const node of topological(roots)) {
    const [output] = node.outputs;
    if (node.operator === "input" || node.operator === "state") {
      for (const group of Object.values(leaves)) {
        const other = group.get(node.name!);
        if (other === undefined) continue;
        if (
          other.node.operator !== node.operator ||
          other.dtype !== output!.dtype ||
          !sameShape(other.shape, output!.shape)
        )
          throw new TypeError(`Two different leaves share a name: ${describe(other)} and ${describe(output!)}`);
      }
      leaves[node.operator].set(node.name!, output!);
      names.set(output!, node.name!);
      continue;
    }
    const inputs = node.inputs.map((tensor) => names.get(tensor)!);
    const written = [node.emit(graph, inputs)].flat();
    node.outputs.forEach((tensor, i) => {
      names.set(tensor, written[i]!);
    });
    if (node.operator !== "constant") computed.push(...node.outputs);
  }
  const nameOf = (tensor: Tensor) => {
    const name = names.get(tensor);
    if (name === undefined) throw new Error(`${formatType(tensor)} is not part of this graph`);
    return name;
  };
  return { nameOf, inputs: leaves.input, states: leaves.state, computed };
}
