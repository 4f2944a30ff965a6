// Blocks and positions of a prefix, computed from masks inside the graph. `prefixFeeds` computes them outside; an
// exported model takes masks alone. B observations, C cameras, P prompt tokens, S prefix tokens.
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import { absent } from "./backbone.ts";
import { type BackboneConfig, imageTokens, prefixLength } from "./config.ts";

/**
 * Blocks and positions as `PrefixTensors` has them, i32 [B, S] each.
 * @param cameras bool [B, C], whether there is an image, in the order of the configuration's cameras
 * @param prompt bool [B, P], whether there is a token
 */
export function prefixOrder(
  config: BackboneConfig,
  cameras: Tensor,
  prompt: Tensor,
): { readonly blocks: Tensor; readonly positions: Tensor } {
  const [batch, count] = cameras.shape as [number, number];
  const perImage = imageTokens(config.vision);
  const length = prefixLength(config);
  const pictures = t.reshape(t.expand(t.reshape(t.cast(cameras, "f32"), [batch, count, 1]), [batch, count, perImage]), [
    batch,
    count * perImage,
  ]);
  const state = config.state === "token" ? [t.full(1, [batch, 1])] : [];
  const text = t.cast(prompt, "f32");
  const present = t.concat([pictures, ...state, text], 1);
  const positions = t.cast(running(present, false), "i32");
  // Gemma 3's text is causal: each of its tokens begins a block.
  const begins = t.concat([t.full(0, [batch, length - text.shape[1]!]), text], 1);
  const own = config.language.gemma3 ? t.cast(running(begins, true), "i32") : t.full(0, [batch, length], "i32");
  return { blocks: t.where(t.greater(present, 0.5), own, t.full(absent, [batch, length], "i32")), positions };
}

/** Sums of x [B, S] over the numbers before each, itself included or not. */
function running(x: Tensor, inclusive: boolean): Tensor {
  const length = x.shape[1]!;
  const counts = Float32Array.from({ length: length ** 2 }, (_, i) => {
    const [from, to] = [Math.floor(i / length), i % length];
    return from < to || (inclusive && from === to) ? 1 : 0;
  });
  return t.matmul(x, t.constant(counts, [length, length]));
}
