// Text in and out: tokenizers, prompts, and actions as text.
export { type FastTokenizer, fitFast, loadFast, saveFast } from "./fast.ts";
export {
  type Advantage,
  digitise,
  fillPrompt,
  type PromptParts,
  promptTemplate,
  promptText,
  promptTokens,
  type TokenisedPrompts,
  tokenisePrompts,
} from "./prompt.ts";
export { fitTokenizer, loadTokenizer, type TextTokenizer, textTokenizer } from "./tokenizer.ts";
