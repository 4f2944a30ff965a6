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

export function exportedGraph(
  policy: PolicyNetwork,
  space: ActionSpace,
  { denoisingSteps, guidance }: { readonly denoisingSteps: number; readonly guidance: number },
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
  const chunk = denoised(policy, prefix, noise, { denoisingSteps, guidance });

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
  ];
  return {
    inputs: Object.fromEntries(inputs.map(([tensor, about]) => [tensor.node.name!, { tensor, about }])),
    actions: robotActions(chunk, state, space),
  };
}

/** [1, H, A] → [1, H, robot's] in the robot's units, without padding. The state is added to relative actions. */
function robotActions(chunk: Tensor, state: Tensor, space: ActionSpace): Tensor {
  const { center, scale } = normalizerOf(space.actions);
  const size = center.length;
  const row = (numbers: readonly number[]) => t.constant(Float32Array.from(numbers), [1, 1, size]);
  const scaled = t.add(t.mul(t.slice(chunk, 2, 0, size), row(scale)), row(center));
  const given = state.shape[1]!;
  const taken = Float32Array.from({ length: given * size }, (_, i) => {
    const [from, to] = [Math.floor(i / size), i % size];
    return from === to && space.deltaActions[to] ? 1 : 0;
  });
  const base = t.matmul(state, t.constant(taken, [given, size]));
  return space.deltaActions.includes(true) ? t.add(scaled, t.reshape(base, [1, 1, size])) : scaled;
}
