// A whole policy as one graph: masks, normalisation, prefix, Euler steps, and the way back to the robot's units. It
// takes one observation. C cameras, P prompt tokens, H steps of a chunk, A numbers of an action.
import { denoised, type PolicyNetwork, prefixOrder } from "../model/index.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type ActionSpace, normalizerOf } from "./action-space.ts";

export interface ExportedGraph {
  /** Inputs by name. `about` is for people. */
  readonly inputs: Readonly<Record<string, { readonly tensor: Tensor; readonly about: string }>>;
  /** [1, H, robot's], in its units. */
  readonly actions: Tensor;
}

/** How the graph samples; see `ActionSamplerOptions`. */
export interface ExportedSampling {
  readonly denoisingSteps: number;
  readonly guidance: number;
  readonly continuation?: number | "trained" | undefined;
}

export function exportedGraph(
  policy: PolicyNetwork,
  space: ActionSpace,
  { denoisingSteps, guidance, continuation }: ExportedSampling,
): ExportedGraph {
  const { config } = policy;
  const { cameras, vision, promptTokens, stateSize, horizon, actionSize } = config;
  const side = vision.imageSize;
  const states = normalizerOf(space.state);
  const given = states.center.length;

  const shown = Object.fromEntries(
    cameras.map((camera) => [camera, t.input(`pictures.${camera}`, [1, side, side, 3], "u8")]),
  );
  const cameraMask = t.input("camera_mask", [1, cameras.length], "bool");
  const state = t.input("state", [1, given]);
  const prompts = (guidance === 1 ? ["prompt"] : ["prompt", "unconditioned_prompt"]).map((name) => ({
    tokens: t.input(name, [1, promptTokens], "i32"),
    mask: t.input(`${name}_mask`, [1, promptTokens], "bool"),
  }));
  const noise = t.input("noise", [1, horizon, actionSize]);

  const each = (x: Tensor) =>
    t.concat(
      prompts.map(() => x),
      0,
    );
  const row = (numbers: readonly number[]) => t.constant(Float32Array.from(numbers), [1, numbers.length]);
  const normalised = t.div(t.sub(state, row(states.center)), row(states.scale));
  const mask = t.concat(
    prompts.map(({ mask }) => mask),
    0,
  );
  const prefix = {
    pictures: Object.fromEntries(Object.entries(shown).map(([camera, picture]) => [camera, each(picture)])),
    state:
      config.state === "token"
        ? each(
            t.pad(normalised, [
              [0, 0],
              [0, stateSize - given],
            ]),
          )
        : undefined,
    prompt: t.concat(
      prompts.map(({ tokens }) => tokens),
      0,
    ),
    ...prefixOrder(config, each(cameraMask), mask),
  };
  const previous = t.input("previous", [1, horizon, space.deltaActions.length]);
  const weights = t.input("previous_weights", [1, horizon]);
  const chunk = denoised(
    policy,
    prefix,
    noise,
    { denoisingSteps, guidance, ...(continuation !== undefined && { continuation }) },
    { previous: networkActions(previous, state, space, actionSize), weights },
  );

  const inputs: [Tensor, string][] = [
    ...Object.entries(shown).map(([camera, picture]): [Tensor, string] => [
      picture,
      `RGB of the camera ${camera}, rows from the top; of another size: fitted into the middle, black around it, by PIL's bilinear filter`,
    ]),
    [cameraMask, "for each of the cameras whether there is a picture"],
    [state, "in the robot's units, in the order of state_names"],
    ...prompts.flatMap(({ tokens, mask }, i): [Tensor, string][] => [
      [tokens, `begin_token, the tokens of the ${i === 0 ? "" : "unconditioned_"}template, then pad_token`],
      [mask, "whether there is a token"],
    ]),
    [noise, "standard normal; decides which of the chunks that fit the observation comes out"],
    ...(continuation === undefined
      ? []
      : ([
          [
            previous,
            "the rest of the chunk in execution, in the robot's units, its next action first; anything behind it",
          ],
          [weights, continuation === "trained" ? aboutGiven : aboutWeights],
        ] as [Tensor, string][])),
  ];
  return {
    inputs: Object.fromEntries(inputs.map(([tensor, about]) => [tensor.node.name!, { tensor, about }])),
    actions: robotActions(chunk, state, space),
  };
}

const aboutGiven =
  "1 for the first steps that are executed before the new chunk arrives, at most continuation.max_delay of them, else 0; all 0: the chunk begins anew";
const aboutWeights =
  "1 for the steps that are executed before the new chunk arrives, then falling to 0 (arXiv 2506.07339, Eq. 5); all 0: the chunk begins anew";

/** [1, H, robot's] in the robot's units → [1, H, A]: the inverse of `robotActions`. */
function networkActions(chunk: Tensor, state: Tensor, space: ActionSpace, actionSize: number): Tensor {
  const { center, scale } = normalizerOf(space.actions);
  const size = center.length;
  const row = (numbers: readonly number[]) => t.constant(Float32Array.from(numbers), [1, 1, size]);
  const moved = space.deltaActions.includes(true) ? t.sub(chunk, basis(state, space)) : chunk;
  return t.pad(t.div(t.sub(moved, row(center)), row(scale)), [
    [0, 0],
    [0, 0],
    [0, actionSize - size],
  ]);
}

/** The state's numbers at the places of relative actions, 0 elsewhere: [1, 1, robot's]. */
function basis(state: Tensor, space: ActionSpace): Tensor {
  const [given, size] = [state.shape[1]!, space.deltaActions.length];
  const taken = Float32Array.from({ length: given * size }, (_, i) => {
    const [from, to] = [Math.floor(i / size), i % size];
    return from === to && space.deltaActions[to] ? 1 : 0;
  });
  return t.reshape(t.matmul(state, t.constant(taken, [given, size])), [1, 1, size]);
}

/** [1, H, A] → [1, H, robot's] in the robot's units, without padding. The state is added to relative actions. */
function robotActions(chunk: Tensor, state: Tensor, space: ActionSpace): Tensor {
  const { center, scale } = normalizerOf(space.actions);
  const size = center.length;
  const row = (numbers: readonly number[]) => t.constant(Float32Array.from(numbers), [1, 1, size]);
  const scaled = t.add(t.mul(t.slice(chunk, 2, 0, size), row(scale)), row(center));
  return space.deltaActions.includes(true) ? t.add(scaled, basis(state, space)) : scaled;
}
