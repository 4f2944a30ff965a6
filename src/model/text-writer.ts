// Writes text after a prompt, greedily: the subtask that a policy acts by (π0.5, arXiv 2504.16054). B samples, P prompt tokens.
import type { Program, Store } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { lastHidden, logits, type PrefixBatch, prefixFeeds, prefixInputs, readPrefix } from "./backbone.ts";
import type { PolicyNetwork } from "./policy-network.ts";

/** How the writer computes. */
export interface TextWriterOptions {
  /** B. */
  readonly batch: number;
  readonly device?: t.Device;
  readonly threads?: number;
}

/** Continues prompts with the most likely tokens. */
export interface TextWriter {
  /**
   * @param batch prompts that end where the text begins
   * @param most [B], the most tokens to write; 0 for none
   * @param isLast whether a token ends the text
   * @returns the tokens of each sample, the last one included
   */
  write(batch: PrefixBatch, most: readonly number[], isLast: (token: number) => boolean): Promise<number[][]>;
  release(): Promise<void>;
}

/** Compiles a writer. Each token reads the prefix anew; subtasks are short and written once a second. */
export async function createTextWriter(
  { backbone, config }: PolicyNetwork,
  store: Store,
  { batch: size, ...compute }: TextWriterOptions,
): Promise<TextWriter> {
  const inputs = prefixInputs(config, size);
  const next = t.argmax(logits(backbone, lastHidden(readPrefix(backbone, inputs))), -1);
  const program: Program = await t.compile({ inputs: inputs.all, outputs: { next } }, { store, ...compute });
  const room = config.promptTokens;
  return {
    async write(batch, most, isLast) {
      const prompt = batch.prompt.slice();
      const promptMask = batch.promptMask.slice();
      const promptCausal = batch.promptCausal?.slice() ?? new Uint8Array(size * room);
      const ends = Array.from({ length: size }, (_, at) => {
        const own = promptMask.subarray(at * room, (at + 1) * room);
        return at * room + own.lastIndexOf(1) + 1;
      });
      const written = ends.map((): number[] => []);
      const isOpen = (at: number) =>
        written[at]!.length < most[at]! &&
        ends[at]! < (at + 1) * room &&
        !(written[at]!.length > 0 && isLast(written[at]!.at(-1)!));
      for (let open = [...ends.keys()].filter(isOpen); open.length > 0; open = open.filter(isOpen)) {
        const run = await program.run(prefixFeeds(config, { ...batch, prompt, promptMask, promptCausal }));
        for (const at of open) {
          const token = Number((run.next!.data as Int32Array)[at]);
          written[at]!.push(token);
          prompt[ends[at]!] = token;
          promptMask[ends[at]!] = 1;
          // What the model writes is causal, as in training.
          promptCausal[ends[at]!] = 1;
          ends[at]!++;
        }
      }
      return written;
    },
    release: () => program.release(),
  };
}
