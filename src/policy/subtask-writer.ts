// The subtask that a policy says before it acts (π0.5, π0.6): written after "Subtask:" in the prompt of its actions.
import {
  createTextWriter,
  type PolicyConfig,
  type PolicyNetwork,
  type PrefixBatch,
  promptTokens,
  type TextTokenizer,
  type TextWriter,
  tokenisePrompts,
} from "../model/index.ts";
import type * as t from "../tensor/index.ts";
import type { Store } from "../tensor/index.ts";

/** Longest subtask, in tokens. */
const longest = 32;

export interface SubtaskWriter {
  /**
   * @param batch what the policy sees; its prompts are replaced
   * @param asks for each sample the prompt up to the subtask, and the whole prompt without one; undefined: write nothing
   * @returns the subtasks; undefined where nothing was asked, or no line came to an end in the prompt's room
   */
  write(
    batch: Omit<PrefixBatch, "prompt" | "promptMask" | "promptCausal">,
    asks: readonly ({ readonly until: string; readonly without: string } | undefined)[],
  ): Promise<(string | undefined)[]>;
  release(): Promise<void>;
}

/** The programs are compiled on first use, one for each size of a batch. */
export function subtaskWriter(
  policy: PolicyNetwork,
  store: Store,
  tokenizer: TextTokenizer,
  compute: { readonly device: t.Device; readonly threads?: number },
): SubtaskWriter {
  const { promptTokens: room }: PolicyConfig = policy.config;
  const writers = new Map<number, Promise<TextWriter>>();
  return {
    async write(batch, asks) {
      const { size } = batch;
      if (asks.every((ask) => ask === undefined)) return asks.map(() => undefined);
      const writer = writers.get(size) ?? createTextWriter(policy, store, { batch: size, ...compute });
      writers.set(size, writer);
      const prompts = tokenisePrompts(
        tokenizer,
        asks.map((ask) => ask?.until ?? ""),
        room,
      );
      // The header "Subtask:" and the text have to fit beside the rest of the prompt.
      const most = asks.map((ask) => {
        if (!ask) return 0;
        const header = promptTokens(tokenizer, "Subtask:").length;
        return Math.max(0, Math.min(longest, room - promptTokens(tokenizer, ask.without).length - header));
      });
      const endsLine = (token: number) => token === tokenizer.end || tokenizer.decode([token]).includes("\n");
      const written = await (await writer).write({ ...batch, ...prompts }, most, endsLine);
      return written.map((tokens) => {
        const text = tokenizer.decode(tokens);
        const subtask = text.split("\n")[0]!.trim();
        return text.includes("\n") && subtask !== "" ? subtask : undefined;
      });
    },
    async release() {
      for (const writer of writers.values()) await (await writer).release();
    },
  };
}
