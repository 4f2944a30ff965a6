import { expect, test } from "vitest";
import { type PrefixBatch, prefixFeeds, prefixOrder } from "../../src/model/index.ts";
import { random } from "../../src/system/index.ts";
import { compile, input } from "../../src/tensor/index.ts";
import { tinyBatch, tinyConfig } from "./tiny.ts";

const language = tinyConfig().language;

test.each([
  ["PaliGemma's, with the state as a token", {}],
  [
    "Gemma 3's, with the state as text",
    { state: "text", language: { ...language, gemma3: { window: 8, globalScaling: 8 } } },
  ],
] as const)("the order of a prefix from masks is that of the feeds: %s", async (_, changes) => {
  const config = tinyConfig(changes);
  const generator = random(1);
  const size = 16;
  const bit = () => generator.integer(2);
  const masks = Array.from({ length: size * 2 }, bit);
  const batch: PrefixBatch = {
    ...tinyBatch(config, size, generator),
    pictureMasks: {
      front: Uint8Array.from(masks.filter((_, i) => i % 2 === 0)),
      wrist: Uint8Array.from(masks.filter((_, i) => i % 2 === 1)),
    },
    promptMask: Uint8Array.from({ length: size * config.promptTokens }, bit),
  };
  const cameras = input("cameras", [size, 2], "bool");
  const prompt = input("prompt", [size, config.promptTokens], "bool");
  const program = await compile({ inputs: [cameras, prompt], outputs: { ...prefixOrder(config, cameras, prompt) } });
  const { blocks, positions } = await program.run({ cameras: Uint8Array.from(masks), prompt: batch.promptMask });
  const expected = prefixFeeds(config, batch);
  expect(blocks!.data).toEqual(expected.blocks);
  expect(positions!.data).toEqual(expected.positions);
  await program.release();
});
