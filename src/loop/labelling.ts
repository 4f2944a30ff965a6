// How an iteration's frames are labelled: options of the run as options of labelling.
import type { LabelOptions } from "../train/index.ts";
import type { Run } from "./run.ts";

/** Tag of an iteration's labels. */
export const tagOf = (iteration: number): string => `iteration-${iteration}`;

/** The same whatever values the labels come from. */
export const labelling = ({ options }: Run) => {
  const { positive, lookahead, forcePositive, thresholdFrom, leastThreshold, takeOver } = options;
  return {
    positiveFraction: positive,
    lookahead,
    forceInterventions: forcePositive,
    thresholdFrom,
    ...(leastThreshold !== undefined && { leastThreshold }),
    takeOver,
  } satisfies Partial<LabelOptions>;
};
