// A served policy that is told its advantage in the instruction. Servers other than pistar's have no option for the word: their policies have
// learned it as part of the text (`withAdvantage`).
import { withAdvantage } from "../data/index.ts";
import type { ActionChunk, PolicyRequest } from "../robot/index.ts";
import type { ServablePolicy } from "../serve/index.ts";
import { PistarError } from "../system/index.ts";
import type { InferenceOptions } from "./inference.ts";

/**
 * The policy with the word behind every instruction. With guidance β it is asked with and without the word, and the actions are
 * a + β (a_word − a), as classifier-free guidance (arXiv 2511.14759, Eq. 13) on whole chunks: β = 1 is the chunk with the word. Both questions
 * have the same seed, and are one request where the server takes several prompts. A server without seeds draws other noise for each: its
 * guided actions have more of it.
 * @throws PistarError bad-option for guidance without a word
 */
export function toldInText(
  policy: ServablePolicy,
  { advantageIndicator: word = "none", guidance = 1 }: Pick<InferenceOptions, "advantageIndicator" | "guidance">,
): ServablePolicy {
  if (word === "none") {
    if (guidance === 1) return policy;
    throw new PistarError(
      "bad-option",
      `${policy.id}: expected --advantage-indicator positive or negative with --guidance ${guidance}: guidance compares prompts with and without the word`,
    );
  }
  let [episode, question] = [0, 0];
  const infer = async (request: PolicyRequest): Promise<ActionChunk> => {
    const said = withAdvantage(request.task, word);
    if (guidance === 1) return policy.infer({ ...request, task: said });
    const seeded = { ...request, seed: request.seed ?? ([episode, question++] as const) };
    const [without, withWord] = await bothOf(policy, seeded, said);
    return guided(without, withWord, guidance);
  };
  return {
    id: policy.id,
    get info() {
      return policy.info;
    },
    get continues() {
      return policy.continues ?? false;
    },
    ...(policy.observationLayout && { observationLayout: policy.observationLayout }),
    async reset(seed) {
      [episode, question] = [seed, 0];
      await policy.reset(seed);
    },
    infer,
    close: () => policy.close(),
  };
}

async function bothOf(policy: ServablePolicy, request: PolicyRequest, said: string): Promise<ActionChunk[]> {
  if (policy.inferPrompts) return policy.inferPrompts(request, [request.task, said]);
  return [await policy.infer(request), await policy.infer({ ...request, task: said })];
}

/** a + β (a_word − a), for the steps that both chunks have. */
function guided(without: ActionChunk | undefined, withWord: ActionChunk | undefined, guidance: number): ActionChunk {
  if (!without || !withWord) throw new TypeError("Expected two action chunks for two prompts");
  const horizon = Math.min(without.horizon, withWord.horizon);
  const width = withWord.actions.length / withWord.horizon;
  const actions = Float32Array.from({ length: horizon * width }, (_, i) => {
    const from = without.actions[i]!;
    return from + guidance * (withWord.actions[i]! - from);
  });
  return { actions, horizon };
}
