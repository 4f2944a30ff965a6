// The text tokenizer: a tokenizer.json (PaliGemma's, Gemma's), or one fitted on a few instructions for the small sizes.

import { Tokenizer } from "@huggingface/tokenizers";
import { PistarError, readJson } from "../../system/index.ts";
import { bpeModel, trainBpe } from "./bpe.ts";

/** A text tokenizer with the special tokens of PaliGemma and Gemma. */
export interface TextTokenizer {
  /** The content of tokenizer.json. */
  readonly file: object;
  /** Number of ids; all are below it. */
  readonly vocabulary: number;
  readonly pad: number;
  readonly begin: number;
  readonly end: number;
  /** Ids at the end of the model's vocabulary without FAST tokens. PaliGemma's are for detection and segmentation. */
  readonly reserved: number;
  /** Without special tokens. */
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
}

/** Special tokens under Gemma's names and ids. */
const specials = ["<pad>", "<eos>", "<bos>"] as const;
const reservedByPaliGemma = 128;

/** GPT-2's alphabet: one printable character for each byte. */
const byteCharacters: readonly string[] = (() => {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let shifted = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : shifted++));
})();

/** GPT-2's words: letters, digits or signs, each with the space before. */
const word = /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/**
 * Fits a byte-level tokenizer on the words of `texts`, up to the vocabulary. Other words become pieces or bytes: every
 * text can be encoded.
 *
 * @param vocabulary most ids, special tokens and 256 bytes included
 * @throws RangeError if the vocabulary has no room for bytes and special tokens
 */
export function fitTokenizer(texts: readonly string[], vocabulary: number): TextTokenizer {
  const least = specials.length + 256;
  if (!(vocabulary >= least))
    throw new RangeError(
      `Expected a vocabulary of at least ${least} tokens (bytes and special ones), got ${vocabulary}`,
    );
  const counts = new Map<string, number>();
  for (const text of texts) for (const [found] of text.matchAll(word)) counts.set(found, (counts.get(found) ?? 0) + 1);
  const { tokens, merges } = trainBpe(
    [...counts].map(([text, count]) => ({
      symbols: Array.from(new TextEncoder().encode(text), (byte) => byteCharacters[byte]!),
      count,
    })),
    { alphabet: byteCharacters, vocabulary: vocabulary - specials.length, minFrequency: 1 },
  );
  return textTokenizer({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: bpeModel([...specials, ...tokens], merges),
  });
}

/**
 * Makes a text tokenizer from the content of a tokenizer.json.
 * @throws PistarError damaged-file, also if the special tokens are missing
 */
export function textTokenizer(file: object, where = "tokenizer.json"): TextTokenizer {
  const tokenizer = parseTokenizer(file, where);
  const special = (name: (typeof specials)[number]) => {
    const id = tokenizer.token_to_id(name);
    if (id === undefined)
      throw new PistarError(
        "damaged-file",
        `${where}: expected the special tokens ${specials.join(", ")} of PaliGemma and Gemma, got no ${name}`,
        { path: where },
      );
    return id;
  };
  const vocabulary = 1 + Math.max(...tokenizer.get_vocab(true).values());
  return {
    file,
    vocabulary,
    pad: special("<pad>"),
    end: special("<eos>"),
    begin: special("<bos>"),
    reserved: vocabulary > 100_000 ? reservedByPaliGemma : 0,
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) =>
      ids.length === 0
        ? ""
        : tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
  };
}

/**
 * The tokenizer of a tokenizer.json's content.
 * @internal The library's type stays out of the public declarations.
 * @throws PistarError damaged-file
 */
export function parseTokenizer(file: unknown, where: string): Tokenizer {
  try {
    return new Tokenizer(file as object, {});
  } catch (error) {
    const message = `${where}: expected a tokenizer of Hugging Face's, got ${JSON.stringify(file)?.slice(0, 60)} (${(error as Error).message})`;
    throw new PistarError("damaged-file", message, { path: where, cause: error });
  }
}

/**
 * Reads a tokenizer.json.
 * @throws PistarError naming the file
 */
export const loadTokenizer = (path: string): TextTokenizer => textTokenizer(readJson(path) as object, path);
