// Actions as text: the backbone writes FAST tokens itself, one by one, for comparison with the expert's chunks.
// B observations, F FAST tokens.

import type { Store } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { type PrefixBatch, prefixFeeds, prefixInputs, readPrefix } from "./backbone.ts";
import type { KeysValues } from "./decoder.ts";
import { actionTokenLogits, type Policy } from "./policy.ts";

export interface ActionDecoder {
  /**
   * Greedy decoding from `begin` until `end` or until there is no more room.
   * @returns for each observation the tokens between the two
   */
  decode(observations: PrefixBatch): Promise<Int32Array[]>;
  release(): Promise<void>;
}

export interface ActionDecoderOptions {
  readonly batch?: number;
  /** The tokens that begin and end a chunk. */
  readonly begin: number;
  readonly end: number;
  /** Tokens that may be written, first and one past the last; default: the whole vocabulary. */
  readonly among?: readonly [number, number];
  readonly device?: t.Device;
  readonly threads?: number;
}

/** Two programs: one encodes the prefix and hands out its keys and values, one foretells the next token from them and the tokens so far. */
export async function createActionDecoder(
  policy: Policy,
  store: Store,
  { batch = 1, begin, end, among, ...options }: ActionDecoderOptions,
): Promise<ActionDecoder> {
  const { config } = policy;
  const { actionTokens: room, vocabulary } = config;
  const inputs = prefixInputs(config, batch);
  const prefix = readPrefix(policy.backbone, inputs);
  const cached = Object.fromEntries(
    prefix.keysValues.flatMap(([keys, values], layer) => [
      [`keys.${layer}`, keys],
      [`values.${layer}`, values],
    ]),
  );
  const encode = await t.compile({ inputs: inputs.all, outputs: cached }, { store, ...options });

  const asInput = (name: string) => t.input(name, cached[name]!.shape);
  const past = prefix.keysValues.map((_, layer): KeysValues => [asInput(`keys.${layer}`), asInput(`values.${layer}`)]);
  const tokens = t.input("fast", [batch, room], "i32");
  const scores = actionTokenLogits(policy, { ...prefix, keysValues: past }, tokens);
  const allowed = Float32Array.from({ length: vocabulary }, (_, token) =>
    !among || token === end || (token >= among[0] && token < among[1]) ? 0 : -1e9,
  );
  const next = t.argmax(t.add(scores, t.constant(allowed, [1, 1, vocabulary])));
  const foretell = await t.compile(
    { inputs: [inputs.blocks, inputs.positions, ...past.flat(), tokens], outputs: { next } },
    { store, ...options },
  );

  return {
    async decode(observations) {
      const feeds = prefixFeeds(config, observations);
      const memory = await encode.run(feeds);
      const written = new Int32Array(batch * room).fill(begin);
      const lengths = new Array<number>(batch).fill(room - 1);
      const open = new Set(lengths.keys());
      for (let at = 0; at + 1 < room && open.size > 0; at++) {
        const run = await foretell.run({
          ...memory,
          blocks: feeds.blocks!,
          positions: feeds.positions!,
          fast: written,
        });
        const foretold = run.next!.data as Int32Array;
        for (const sample of open) {
          const token = foretold[sample * room + at]!;
          written[sample * room + at + 1] = token;
          if (token === end) {
            lengths[sample] = at;
            open.delete(sample);
          }
        }
      }
      return lengths.map((length, sample) => written.slice(sample * room + 1, sample * room + 1 + length));
    },
    release: async () => {
      await encode.release();
      await foretell.release();
    },
  };
}
