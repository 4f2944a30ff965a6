// How a trained policy's chunks continue the one in execution: options, and what they mean for the network.
import { type Continuation, givenSteps, type PolicyConfig, softMask } from "../model/index.ts";
import type { PolicyRequest } from "../robot/index.ts";
import { PistarError } from "../system/index.ts";
import type { ActionConverter } from "./action-space.ts";
import type { PolicyDescription } from "./checkpoint.ts";
import type { ContinuationOptions } from "./inference.ts";

/** How chunks continue others: by training up to a delay, or guided. */
export type Continuing =
  | { readonly mode: "trained"; readonly delay: number }
  | ({ readonly mode: "guided"; readonly beta: number } & Pick<ContinuationOptions, "rtcSchedule" | "rtcHorizon">);

/** β of guided real-time chunking, from arXiv 2506.07339 for few denoising steps. */
export const usualBeta = 5;

/** @throws PistarError bad-option for options that do not fit, or "trained" of a policy that has not learned it */
export function decideContinuing(
  folder: string,
  { trainedDelay }: Pick<PolicyDescription, "trainedDelay">,
  { rtcMode, rtcBeta, rtcSchedule, rtcHorizon }: ContinuationOptions,
): Continuing {
  const guides = rtcBeta !== undefined || rtcSchedule !== undefined || rtcHorizon !== undefined;
  const mode = rtcMode ?? (trainedDelay > 0 && !guides ? "trained" : "guided");
  if (mode === "trained" && trainedDelay === 0)
    throw new PistarError(
      "bad-option",
      `${folder}: expected a policy that was trained to continue chunks (--simulated-delay) for rtc mode "trained", got one that was not: use "guided"`,
      { path: folder },
    );
  if (mode === "trained" && guides)
    throw new PistarError(
      "bad-option",
      `${folder}: β, schedule and horizon belong to rtc mode "guided"; leave them out, or leave out "trained"`,
      { path: folder },
    );
  if (mode === "trained") return { mode, delay: trainedDelay };
  return { mode, beta: rtcBeta ?? usualBeta, rtcSchedule, rtcHorizon };
}

/** The leftovers relative to the present state, with weights of 0 for requests without one. */
export function continuationOf(
  requests: readonly PolicyRequest[],
  continuing: Continuing,
  { horizon, actionSize }: PolicyConfig,
  converter: ActionConverter,
  width: number,
): Continuation<Float32Array> {
  const previous = new Float32Array(requests.length * horizon * actionSize);
  const weights = new Float32Array(requests.length * horizon);
  for (const [i, { leftover, state }] of requests.entries()) {
    if (!leftover) continue;
    const { actions, delay } = leftover;
    previous.set(converter.toModel(actions, state), i * horizon * actionSize);
    weights.set(weightsOf(continuing, horizon, actions.length / width, delay), i * horizon);
  }
  return { previous, weights };
}

/** The weights of a chunk's steps, [H]. @param left steps left of the old chunk */
export function weightsOf(continuing: Continuing, horizon: number, left: number, delay: number): Float32Array {
  if (continuing.mode === "trained") return givenSteps(horizon, left, Math.min(delay, continuing.delay));
  const { rtcHorizon = left, rtcSchedule } = continuing;
  return softMask(horizon, Math.min(left, rtcHorizon), delay, rtcSchedule);
}
