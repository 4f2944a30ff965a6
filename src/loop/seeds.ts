// Seeds of a run's episodes. Each purpose has its own range: no evaluation episode is trained on.

/** Seeds of one purpose. */
const room = 1_000_000;

/** Purposes of a run. */
const purposes = 202;

/** Most iterations with seeds of their own. */
export const maxIterations = 99;

/** The first seed of a run's evaluation episodes. It is the same for all policies, for comparisons in pairs. */
export const evaluationSeed = (run: number): number => first(run, 0);
export const demonstrationSeed = (run: number): number => first(run, 1);
export const autonomousSeed = (run: number, iteration: number): number => first(run, 2 * iteration);
export const correctedSeed = (run: number, iteration: number): number => first(run, 2 * iteration + 1);
/** Episodes that replace supervised ones (extraction/autonomous-alone.ts). */
export const matchedSeed = (run: number): number => first(run, 2 * maxIterations + 2);
/** Episodes that choose an option of a control. They are no evaluation episodes. */
export const choiceSeed = (run: number): number => first(run, 2 * maxIterations + 3);

function first(run: number, purpose: number): number {
  return run * purposes * room + purpose * room;
}
