// What a network is fed of scenes.
import {
  type Advantage,
  type PolicyConfig,
  prefixFeeds,
  promptText,
  type TextTokenizer,
  tokenisePrompts,
  type ValueConfig,
} from "../model/index.ts";
import type { Feed } from "../tensor/index.ts";
import { stateUnit } from "../train/backbone.ts";
import { perMetre } from "./network.ts";
import type { Scenes } from "./scenes.ts";

/** The inputs of `groundingLoss`. @param advantages of each scene's prompt, which say nothing yet; default: none */
export function groundingFeeds(
  config: PolicyConfig | ValueConfig,
  tokenizer: TextTokenizer,
  { size, pictures, instructions, states, places, spots, seen }: Scenes,
  advantages: readonly (Advantage | undefined)[] = [],
): Record<string, Feed> {
  const prompts = instructions.map((task, at) => {
    const advantage = advantages[at];
    return promptText({ task, ...(advantage && { advantage }) });
  });
  const prefix = prefixFeeds(config, {
    size,
    pictures,
    state: states.map((x) => x / stateUnit),
    ...tokenisePrompts(tokenizer, prompts, config.promptTokens),
  });
  return { ...prefix, places: places.map((x) => x * perMetre), spots, seen, weights: new Float32Array(size).fill(1) };
}
