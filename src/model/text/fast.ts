// FAST (arXiv 2501.09747): an action chunk as a short text. The steps are a cosine transform over time, rounding, one character per coefficient
// (all numbers of the lowest frequency first), and byte-pair encoding. The files are those of the published tokenizer: tokenizer.json and
// processor_config.json. H steps, D numbers a step.
import { join } from "node:path";
import * as z from "zod";
import { readJson, readJsonAs, replaceFile } from "../../system/index.ts";
import { bpeModel, trainBpe } from "./bpe.ts";
import { dct, inverseDct } from "./dct.ts";
import { parseTokenizer } from "./tokenizer.ts";

const processorSchema = z.looseObject({
  /** Factor on the coefficients before rounding. */
  scale: z.number().gt(0),
  /** The coefficient of character 0. */
  min_token: z.int(),
  vocab_size: z.int().min(1),
});

/** The files of a FAST tokenizer. */
export interface FastFiles {
  readonly tokenizer: object;
  readonly processor: z.infer<typeof processorSchema>;
}

/** A FAST tokenizer for action chunks. */
export interface FastTokenizer {
  readonly files: FastFiles;
  /** Number of ids; all are below it. */
  readonly vocabulary: number;
  /** A normalised chunk [H, D] → ids. Coefficients outside the fitted range take the nearest character. */
  encode(chunk: ArrayLike<number>, horizon: number): number[];
  /** Ids → chunk [H, D], up to rounding. It is all zeros if the ids do not spell H · D coefficients. */
  decode(ids: readonly number[], horizon: number, size: number): Float32Array;
}

/** Options of `fitFast`. */
export interface FastOptions {
  readonly horizon: number;
  /** Most ids, characters included; default 2048, as in the published tokenizer. */
  readonly vocabulary?: number;
  readonly scale?: number;
}

/**
 * Learns the merges from normalised chunks, each [H, D]. Characters take half of the vocabulary at most: the rarest end
 * of a wider range is cut off.
 * @throws RangeError without any chunk
 */
export function fitFast(
  chunks: readonly ArrayLike<number>[],
  { horizon, vocabulary = 2048, scale = 10 }: FastOptions,
): FastTokenizer {
  if (chunks.length === 0) throw new RangeError("Expected at least one chunk to fit FAST on, got none");
  const quantised = chunks.map((chunk) => quantise(chunk, horizon, scale));
  const [low, high] = usedRange(quantised, Math.floor(vocabulary / 2));
  const alphabet = Array.from({ length: high - low + 1 }, (_, at) => String.fromCharCode(at));
  const texts = quantised.map((coefficients) => ({
    symbols: Array.from(coefficients, (c) => alphabet[Math.min(high, Math.max(low, c)) - low]!),
    count: 1,
  }));
  const { tokens, merges } = trainBpe(texts, { alphabet, vocabulary, minFrequency: 2 });
  return fastTokenizer({
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: "Fuse" },
      model: bpeModel(tokens, merges),
    },
    processor: {
      action_dim: null,
      auto_map: { AutoProcessor: "processing_action_tokenizer.UniversalActionProcessor" },
      min_token: low,
      processor_class: "UniversalActionProcessor",
      scale,
      time_horizon: null,
      vocab_size: tokens.length,
    },
  });
}

/**
 * Makes a tokenizer from its files, pistar's or the published ones.
 * @throws PistarError damaged-file, naming `where`
 */
export function fastTokenizer(files: FastFiles, where = "tokenizer.json"): FastTokenizer {
  const { scale, min_token: low, vocab_size: vocabulary } = files.processor;
  const bpe = parseTokenizer(files.tokenizer, where);
  // The published tokenizer writes characters as bytes, and so knows all of them.
  const known = bpe.pre_tokenizer === null ? [...bpe.get_vocab().keys()].filter((token) => token.length === 1) : [];
  const last = known.length > 0 ? Math.max(...known.map((token) => token.charCodeAt(0))) : 0xd7ff;
  return {
    files,
    vocabulary,
    encode(chunk, horizon) {
      const text = Array.from(quantise(chunk, horizon, scale), (c) =>
        String.fromCharCode(Math.min(last, Math.max(0, c - low))),
      ).join("");
      return bpe.encode(text, { add_special_tokens: false }).ids;
    },
    decode(ids, horizon, size) {
      const zeros = new Float32Array(horizon * size);
      if (ids.length === 0 || ids.some((id) => !(id >= 0 && id < vocabulary))) return zeros;
      const text = bpe.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false });
      const coefficients = Float64Array.from([...text], (character) => (character.charCodeAt(0) + low) / scale);
      // Invalid bytes come back as U+FFFD.
      if (coefficients.length !== horizon * size || text.includes("\ufffd")) return zeros;
      return Float32Array.from(inverseDct(coefficients, horizon));
    },
  };
}

/** Writes tokenizer.json and processor_config.json into a folder. */
export function saveFast(folder: string, { files }: FastTokenizer): void {
  replaceFile(join(folder, "tokenizer.json"), JSON.stringify(files.tokenizer));
  replaceFile(join(folder, "processor_config.json"), JSON.stringify(files.processor, null, 2));
}

/**
 * Reads a folder of `saveFast`, or of the published tokenizer.
 * @throws PistarError naming file and field
 */
export function loadFast(folder: string): FastTokenizer {
  const path = join(folder, "tokenizer.json");
  const tokenizer = readJson(path);
  const processor = readJsonAs(processorSchema, join(folder, "processor_config.json"));
  return fastTokenizer({ tokenizer: tokenizer as object, processor }, path);
}

/** Rounded coefficients [H, D]. */
export function quantise(chunk: ArrayLike<number>, horizon: number, scale: number): Int32Array {
  const coefficients = dct(chunk, horizon);
  return Int32Array.from(coefficients, (c, at) => {
    if (!Number.isFinite(c)) throw new RangeError(`Expected finite actions for FAST, got ${c} at coefficient ${at}`);
    return roundHalfEven(c * scale);
  });
}

/** Rounds halves to even, as numpy. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * The smallest and largest coefficient with a character. Without room for all, the rarer end loses its outermost ones.
 */
function usedRange(quantised: readonly Int32Array[], room: number): readonly [number, number] {
  const counts = new Map<number, number>();
  for (const coefficients of quantised) for (const c of coefficients) counts.set(c, (counts.get(c) ?? 0) + 1);
  let low = Math.min(...counts.keys());
  let high = Math.max(...counts.keys());
  while (high - low + 1 > room) {
    if ((counts.get(low) ?? 0) <= (counts.get(high) ?? 0)) low++;
    else high--;
  }
  return [low, high];
}
