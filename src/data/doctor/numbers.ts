// Statistics for several findings.

/** The mean; 0 of no values. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** The middle of the values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Pearson's correlation, −1 to 1; 0 if one of them does not vary. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [mean(a), mean(b)];
  let [both, left, right] = [0, 0, 0];
  for (const [at, value] of a.entries()) {
    both += (value - x) * (b[at]! - y);
    left += (value - x) ** 2;
    right += (b[at]! - y) ** 2;
  }
  return left > 0 && right > 0 ? both / Math.sqrt(left * right) : 0;
}

/** The mean of the values of each key, in the order of their first appearance. */
export function meansBy<Key>(values: readonly number[], keys: readonly Key[]): Map<Key, number> {
  const sums = new Map<Key, [sum: number, count: number]>();
  for (const [at, value] of values.entries()) {
    const found = sums.get(keys[at]!) ?? [0, 0];
    sums.set(keys[at]!, [found[0] + value, found[1] + 1]);
  }
  return new Map([...sums].map(([key, [sum, count]]) => [key, sum / count]));
}

/** η²: the share of the variance between groups of values with the same key, 0 to 1. */
export function explained<Key>(values: readonly number[], keys: readonly Key[]): number {
  const means = meansBy(values, keys);
  const middle = mean(values);
  let [total, between] = [0, 0];
  for (const [at, value] of values.entries()) {
    total += (value - middle) ** 2;
    between += (means.get(keys[at]!)! - middle) ** 2;
  }
  return total > 0 ? between / total : 0;
}

/**
 * R² of `target` by a linear function of the features, 0 to 1. A small ridge lets features depend on one another.
 *
 * @param rows features of each target
 */
export function linearlyExplained(rows: readonly (readonly number[])[], target: readonly number[]): number {
  const width = rows[0]?.length ?? 0;
  const means = Array.from({ length: width }, (_, at) => mean(rows.map((row) => row[at]!)));
  const middle = mean(target);
  const products = Array.from({ length: width }, () => new Float64Array(width + 1));
  for (const [n, row] of rows.entries())
    for (let i = 0; i < width; i++) {
      const own = row[i]! - means[i]!;
      for (let j = 0; j < width; j++) products[i]![j]! += own * (row[j]! - means[j]!);
      products[i]![width]! += own * (target[n]! - middle);
    }
  const right = products.map((line) => line[width]!);
  for (const [i, line] of products.entries()) line[i]! += 1e-6 * rows.length;
  const weights = solved(products);
  const total = target.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  const found = weights.reduce((sum, weight, i) => sum + weight * right[i]!, 0);
  return total > 0 ? Math.min(1, Math.max(0, found / total)) : 0;
}

/** Solves a positive definite system, given with its right side as the last column, by elimination. */
function solved(system: Float64Array[]): number[] {
  const size = system.length;
  for (let i = 0; i < size; i++)
    for (let below = i + 1; below < size; below++) {
      const factor = system[below]![i]! / system[i]![i]!;
      for (let j = i; j <= size; j++) system[below]![j]! -= factor * system[i]![j]!;
    }
  const weights = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let rest = system[i]![size]!;
    for (let j = i + 1; j < size; j++) rest -= system[i]![j]! * weights[j]!;
    weights[i] = rest / system[i]![i]!;
  }
  return weights;
}
