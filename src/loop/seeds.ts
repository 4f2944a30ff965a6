// Which seeds a run's episodes begin from. Ranges by purpose never meet, so that no evaluation episode trains anything.

/** Seeds of one purpose; a run may use as many. */
const room = 1_000_000;

/** Most iterations that have seeds of their own. */
export const maxIterations = 100;

/** The first seed of a run's evaluation episodes: the same for all its policies, so that they are compared in pairs. */
export const evaluationSeed = (run: number): number => first(run, 0);
export const demonstrationSeed = (run: number): number => first(run, 1);
export const autonomousSeed = (run: number, iteration: number): number => first(run, 2 * iteration);
export const correctedSeed = (run: number, iteration: number): number => first(run, 2 * iteration + 1);

function first(run: number, purpose: number): number {
  return run * (2 * maxIterations + 2) * room + purpose * room;
}
