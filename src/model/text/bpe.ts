// Byte-pair encoding (Sennrich et al. 2016): learns merges and writes them as a tokenizer.json for
// @huggingface/tokenizers.

/** Options of `trainBpe`. */
export interface BpeOptions {
  /** The symbols of all texts, in the order of their ids. */
  readonly alphabet: readonly string[];
  /** Most tokens, symbols and merges together. */
  readonly vocabulary: number;
  /** Rarer pairs are not merged. */
  readonly minFrequency: number;
}

/** A learned byte-pair encoding. */
export interface Bpe {
  /** Tokens in the order of their ids: the alphabet, then one for each merge. */
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

/**
 * Merges the most frequent pair of neighbours until the vocabulary is full or no pair is frequent enough. Among equally
 * frequent pairs, the lower ids come first, the left one before the right, as in Hugging Face's trainer.
 *
 * @param texts lists of symbols of the alphabet, each with its number of occurrences; pairs do not cross texts
 * @throws RangeError for a symbol outside the alphabet
 */
export function trainBpe(
  texts: readonly { readonly symbols: readonly string[]; readonly count: number }[],
  { alphabet, vocabulary, minFrequency }: BpeOptions,
): Bpe {
  const tokens = [...alphabet];
  const ids = new Map(alphabet.map((symbol, id) => [symbol, id]));
  const sequences = texts.map(({ symbols }) =>
    Int32Array.from(symbols, (symbol) => {
      const id = ids.get(symbol);
      if (id === undefined) throw new RangeError(`Expected symbols of the alphabet, got ${JSON.stringify(symbol)}`);
      return id;
    }),
  );
  const pairs = countPairs(
    sequences,
    texts.map(({ count }) => count),
  );
  const merges: [string, string][] = [];
  while (tokens.length < vocabulary) {
    const best = pairs.best();
    if (best === undefined || best.count < minFrequency) break;
    const [left, right] = [Math.floor(best.key / stride), best.key % stride];
    // Two different merges can spell the same token. The vocabulary names it once, and both lead to it.
    const token = tokens[left]! + tokens[right]!;
    let id = ids.get(token);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(token);
      ids.set(token, id);
    }
    merges.push([tokens[left]!, tokens[right]!]);
    pairs.merge(left, right, id);
  }
  return { tokens, merges };
}

/** A pair is one number, left · stride + right. */
const stride = 2 ** 20;

/** How often each pair of neighbours occurs, kept up to date from merge to merge. */
function countPairs(sequences: Int32Array[], weights: readonly number[]) {
  const counts = new Map<number, number>();
  const places = new Map<number, Set<number>>();
  const add = (key: number, count: number, at: number) => {
    counts.set(key, (counts.get(key) ?? 0) + count);
    const known = places.get(key);
    if (known) known.add(at);
    else places.set(key, new Set([at]));
  };
  const each = (sequence: Int32Array, visit: (key: number) => void) => {
    for (let i = 1; i < sequence.length; i++) visit(sequence[i - 1]! * stride + sequence[i]!);
  };
  for (const [at, sequence] of sequences.entries()) each(sequence, (key) => add(key, weights[at]!, at));

  return {
    best(): { readonly key: number; readonly count: number } | undefined {
      let best: { key: number; count: number } | undefined;
      for (const [key, count] of counts)
        if (count > 0 && (!best || count > best.count || (count === best.count && key < best.key)))
          best = { key, count };
      return best;
    },
    merge(left: number, right: number, merged: number): void {
      const key = left * stride + right;
      for (const at of places.get(key) ?? []) {
        const sequence = sequences[at]!;
        each(sequence, (pair) => counts.set(pair, counts.get(pair)! - weights[at]!));
        const next = new Int32Array(sequence.length);
        let length = 0;
        for (let i = 0; i < sequence.length; i++) {
          const found = sequence[i] === left && sequence[i + 1] === right;
          next[length++] = found ? merged : sequence[i]!;
          if (found) i++;
        }
        sequences[at] = next.subarray(0, length);
        each(sequences[at], (pair) => add(pair, weights[at]!, at));
      }
      counts.delete(key);
      places.delete(key);
    },
  };
}

/** The "model" of a tokenizer.json. A token's id is its place in `tokens`. */
export const bpeModel = (tokens: readonly string[], merges: Bpe["merges"]) => ({
  type: "BPE",
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
  vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
  merges,
});
