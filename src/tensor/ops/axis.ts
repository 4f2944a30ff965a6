// Axes as numbers from −rank to rank − 1; negative ones count from the end.
import type { Tensor } from "../expression.ts";
import { formatShape } from "../types.ts";

/**
 * The axis counted from the front.
 * @throws RangeError naming the operator and the shape
 */
export function resolveAxis(operator: string, x: Tensor, axis: number): number {
  const rank = x.shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new RangeError(
      `${operator}: expected an axis of ${formatShape(x.shape)}, from ${-rank} to ${rank - 1}, got ${axis}`,
    );
  return axis < 0 ? axis + rank : axis;
}

/**
 * Several axes counted from the front, sorted. Undefined stands for all of them.
 * @throws RangeError for an axis outside the shape or named twice
 */
export function resolveAxes(operator: string, x: Tensor, axes: number | readonly number[] | undefined): number[] {
  if (axes === undefined) return x.shape.map((_, axis) => axis);
  const resolved = [axes].flat().map((axis) => resolveAxis(operator, x, axis));
  if (new Set(resolved).size !== resolved.length) throw new RangeError(`${operator}: axes [${axes}] name one twice`);
  return resolved.sort((a, b) => a - b);
}
