// Reverse-mode differentiation: adds expressions for ∂loss/∂parameter to the graph.
import { describe, type Node, type Tensor, topological, withOrigin } from "./expression.ts";
import { add } from "./ops/arithmetic.ts";
import { full } from "./ops/operand.ts";
import { formatType, isFloat } from "./types.ts";

export interface GradientOptions {
  /** What a parameter that the loss does not reach gets: an error (default) or zeros. */
  readonly unreached?: "error" | "zeros";
}

/**
 * ∂loss/∂p for each parameter, in the same order and with the same shapes. `loss` is a float scalar; a parameter may be any expression the
 * loss was built from. Nothing is built behind `stopGradient`, nor towards anything but the parameters.
 * @throws Error when the loss does not depend on a parameter, unless `unreached` is "zeros".
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

/** The nodes through which gradients flow on their way from the loss to a parameter. */
function leadingTo(parameters: readonly Tensor[], order: readonly Node[]): Set<Node> {
  const wanted = new Set(parameters.map(({ node }) => node));
  const leads = new Set<Node>();
  for (const node of order) {
    const passes = node.gradient !== undefined && node.inputs.some((input) => leads.has(input.node));
    if (wanted.has(node) || passes) leads.add(node);
  }
  return leads;
}
