// Folds of episodes, for cross-fitting: each episode is valued by a function that did not learn from it.
import * as z from "zod";

/** A fold, as "1/3" for the first of three. */
export const foldSchema = z
  .string()
  .regex(/^[1-9]\d*\/[1-9]\d*$/, 'a fold, such as "1/3" for the first of three')
  .refine((fold) => parts(fold)[0] <= parts(fold)[1] && parts(fold)[1] >= 2, "a fold from 1/n to n/n, n at least 2");

const parts = (fold: string) => fold.split("/").map(Number) as [number, number];

/** Whether an episode belongs to a fold. Its episode_index decides, so it stays in its fold when more episodes are recorded. */
export function isInFold({ episode }: { readonly episode: number }, fold: string): boolean {
  const [which, count] = parts(fold);
  return episode % count === which - 1;
}
