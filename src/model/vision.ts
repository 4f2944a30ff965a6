// The vision encoder: images become tokens. B images, N tokens, C width.
import type { Scope, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import type { VisionConfig } from "./config.ts";
import { initKeypoints, type Keypoints, locate } from "./keypoints.ts";
import { encodePatches, initSiglip, type Siglip } from "./siglip.ts";

/** Parameters of a vision encoder. */
export type Vision = Siglip | Keypoints;

/** Declares the configured vision encoder. */
export const initVision = (scope: Scope, config: VisionConfig): Vision =>
  config.kind === "siglip" ? initSiglip(scope, config) : initKeypoints(scope, config);

/** Images u8 [B, h, w, 3] → tokens [B, N, C]. */
export function encodePictures(vision: Vision, pictures: Tensor): Tensor {
  const x = t.transpose(t.sub(t.mul(t.cast(pictures, "f32"), 2 / 255), 1), [0, 3, 1, 2]);
  return "blocks" in vision ? encodePatches(vision, x) : locate(vision, x);
}
