// Feeds of a grounding network from scenes.
import {
  type AdvantageIndicator,
  type PolicyConfig,
  prefixFeeds,
  promptText,
  type TextTokenizer,
  tokenisePrompts,
  type ValueConfig,
} from "../model/index.ts";
import { stateUnit } from "../policy/index.ts";
import type { Feed } from "../tensor/index.ts";
import { perMetre } from "./network.ts";
import type { Scenes } from "./scenes.ts";

const signs = { positive: 1, negative: -1, none: 0 } as const;

/**
 * The feeds of `groundingLoss`.
 * @param advantages the advantage word in each scene's prompt; default: none
 */
export function groundingFeeds(
  config: PolicyConfig | ValueConfig,
  tokenizer: TextTokenizer,
  { size, pictures, instructions, states, places, ...targets }: Scenes,
  advantages: readonly (AdvantageIndicator | undefined)[] = [],
): Record<string, Feed> {
  const prompts = instructions.map((task, at) => {
    const advantage = advantages[at];
    return promptText({ task, ...(advantage && { advantageIndicator: advantage }) });
  });
  const prefix = prefixFeeds(config, {
    size,
    pictures,
    state: states.map((x) => x / stateUnit),
    ...tokenisePrompts(tokenizer, prompts, config.promptTokens),
  });
  const weights = new Float32Array(size).fill(1);
  const advantage = Float32Array.from(instructions, (_, at) => signs[advantages[at] ?? "none"]);
  return {
    ...prefix,
    ...targets,
    ...("expert" in config && { advantage }),
    places: places.map((x) => x * perMetre),
    weights,
  };
}
