// Learned prompt text: its tokens are causal, and they alone are learned.
import { expect, test } from "vitest";
import { logits, readPrefix } from "../../src/model/backbone.ts";
import { type PrefixBatch, policyLoss, prefixFeeds, prefixInputs } from "../../src/model/index.ts";
import { random } from "../../src/system/index.ts";
import { compile, slice } from "../../src/tensor/index.ts";
import { tinyBatch, tinyConfig, tinyPolicy, tinyTargets } from "./tiny.ts";

const config = tinyConfig({ actionTokens: 0 });
const tiny = tinyPolicy(config);
const size = 2;
const { promptTokens: length, vocabulary } = config;
/** The last token of the second sample is padding. */
const promptMask = Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0);
const promptCausal = Uint8Array.of(0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0);
const batch = { ...tinyBatch(config, size, random("text")), promptMask, promptCausal };

/** What is expected after each token of the prompts: [B, P, vocabulary]. */
async function expected(given: PrefixBatch): Promise<number[][][]> {
  const inputs = prefixInputs(config, size);
  const { hidden } = readPrefix(tiny.policy.backbone, inputs);
  const after = logits(tiny.policy.backbone, slice(hidden, 1, hidden.shape[1]! - length));
  const program = await compile({ inputs: inputs.all, outputs: { after } }, tiny);
  const { data } = (await program.run(prefixFeeds(config, given))).after!;
  await program.release();
  const row = (i: number) => [...(data as Float32Array).subarray(i * vocabulary, (i + 1) * vocabulary)];
  return [0, 1].map((sample) => Array.from({ length }, (_, at) => row(sample * length + at)));
}

test("a later subtask token changes nothing before it, and does without the mask", async () => {
  const changed = batch.prompt.slice();
  changed[4] = (changed[4]! + 1) % 30;
  const [first, second] = [await expected(batch), await expected({ ...batch, prompt: changed })];
  expect(second[0]!.slice(0, 4)).toEqual(first[0]!.slice(0, 4));
  expect(second[1]).toEqual(first[1]);
  for (const at of [4, 5]) expect(second[0]![at]).not.toEqual(first[0]![at]);
  const { promptCausal: _, ...open } = batch;
  const seen = [await expected(open), await expected({ ...open, prompt: changed })];
  for (const at of [0, 3]) expect(seen[1]![0]![at]).not.toEqual(seen[0]![0]![at]);
});

test("the loss is the cross-entropy of the learned tokens, each from those before it; others and padding count nothing", async () => {
  const { inputs, parts } = policyLoss(tiny.policy, size, { learnsText: true });
  const program = await compile({ inputs, outputs: { text: parts.text! } }, tiny);
  const after = await expected(batch);
  const run = async (promptWeights: Float32Array, prompt = batch.prompt) => {
    const targets = tinyTargets(config, size, random("targets"));
    const { fast: _, fastWeights: __, ...feeds } = targets;
    const given = { ...prefixFeeds(config, { ...batch, prompt }), ...feeds, promptWeights };
    return Number((await program.run(given)).text!.data[0]);
  };
  const surprise = (sample: number, at: number) => {
    const row = after[sample]![at - 1]!;
    return Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[batch.prompt[sample * length + at]!]!;
  };
  // Tokens 2 and 3 of the first sample, weight 1; token 2 of the second, weight 3.
  const weights = Float32Array.of(0, 0, 1, 1, 0, 0, 0, 0, 3, 0, 0, 0);
  const byHand = (surprise(0, 2) + surprise(0, 3) + 3 * surprise(1, 2)) / 5;
  expect(await run(weights)).toBeCloseTo(byHand, 4);
  const other = batch.prompt.slice();
  other[5] = (other[5]! + 1) % 30; // after what is learned
  other[11] = (other[11]! + 1) % 30; // padding
  expect(await run(weights, other)).toBe(await run(weights));
  expect(await run(new Float32Array(size * length))).toBe(0);
  await program.release();
});
