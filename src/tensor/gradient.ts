// Reverse-mode differentiation: adds expressions for ∂loss/∂parameter to the graph.
import { describe, type Node, type Tensor, topological, withOrigin } from "./expression.ts";
import { add } from "./ops/arithmetic.ts";
import { full } from "./ops/operand.ts";
import { formatType, isFloat } from "./types.ts";

/** Options of `gradient`. */
export interface GradientOptions {
  /** The gradient of a parameter without influence on the loss: an error (default) or zeros. */
  readonly unreached?: "error" | "zeros";
}

/**
 * Reverse-mode gradients ∂loss/∂p, one for each parameter, of the parameter's shape. `loss` is a float scalar. A
 * parameter may be any expression inside the loss. Nothing is built behind `stopGradient`, or towards other leaves.
 * @throws TypeError if the loss is not a float scalar
 * @throws Error if the loss does not depend on a parameter, unless `unreached` is "zeros"
 */
export function gradient(
  loss: Tensor,
  parameters: readonly Tensor[],
  { unreached = "error" }: GradientOptions = {},
): Tensor[] {
  if (loss.shape.length !== 0 || !isFloat(loss.dtype))
    throw new TypeError(`gradient: expected a scalar loss, got ${formatType(loss)}; take its mean or sum`);
  const order = topological([loss]);
  const leads = leadingTo(parameters, order);
  const collected = new Map<Tensor, Tensor>([[loss, full(1, [], loss.dtype)]]);

  for (const node of order.reverse()) {
    if (!leads.has(node) || node.gradient === undefined) continue;
    const upstream = node.outputs.map((output) => collected.get(output));
    if (upstream.every((dy) => dy === undefined)) continue;
    withOrigin(node, () => {
      const thunks = node.gradient!(upstream, node.outputs);
      node.inputs.forEach((input, i) => {
        const thunk = thunks[i];
        if (thunk === undefined || !(leads.has(input.node) || parameters.includes(input))) return;
        const known = collected.get(input);
        collected.set(input, known === undefined ? thunk() : add(known, thunk()));
      });
    });
  }

  return parameters.map((parameter) => {
    const found = collected.get(parameter);
    if (found !== undefined) return found;
    if (unreached === "zeros") return full(0, parameter.shape, parameter.dtype);
    throw new Error(
      `gradient: the loss does not depend on ${describe(parameter)} through anything differentiable; leave it out, or ask for { unreached: "zeros" }`,
    );
  });
}

/** The nodes on the paths from the parameters to the loss. */
function leadingTo(parameters: readonly Tensor[], order: readonly Node[]): Set<Node> {
  const wanted = new Set(parameters.map(({ node }) => node));
  const leads = new Set<Node>();
  for (const node of order) {
    const passes = node.gradient !== undefined && node.inputs.some((input) => leads.has(input.node));
    if (wanted.has(node) || passes) leads.add(node);
  }
  return leads;
}
