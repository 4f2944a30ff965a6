// Vision of the small networks: the place and strength of learned features in an image (spatial softmax, Levine et al.
// 2016, arXiv 1504.00702). B images, F features, C width.
import type { Scope, Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";
import type { KeypointsConfig } from "./config.ts";

/** Parameters of the keypoint encoder. */
export interface Keypoints {
  readonly stem: readonly { readonly weight: Tensor; readonly bias: Tensor }[];
  readonly find: Tensor; // [F, channels, 1, 1]; a bias would not change the softmax
  readonly place: t.nn.Linear; // [C, 3 F]
}

/** Factor before the softmax. With it a keypoint is a place from the first step on, not the middle of the image. */
const sharpness = 8;

/** Keeps the variance through a layer with a rectifier (He et al. 2015). */
const he: t.Initializer = (numbers, shape, random) =>
  t.normal(Math.sqrt(2 / t.elements(shape.slice(1))))(numbers, shape, random);

/** Declares the keypoint encoder's parameters. */
export function initKeypoints(scope: Scope, { channels, keypoints, width }: KeypointsConfig): Keypoints {
  return {
    stem: channels.map((out, i) => ({
      weight: scope
        .at("stem")
        .at(i)
        .parameter("weight", [out, channels[i - 1] ?? 3, 3, 3], he),
      bias: scope.at("stem").at(i).parameter("bias", [out], t.fill(0)),
    })),
    find: scope.at("find").parameter("weight", [keypoints, channels.at(-1)!, 1, 1], he),
    place: t.nn.initLinear(scope.at("place"), 3 * keypoints, width),
  };
}

/**
 * Images [B, 3, h, w], −1 to 1 → one token [B, 1, C]. The token holds each feature's mean place under a softmax over
 * all places, and its mean strength there.
 */
export function locate({ stem, find, place }: Keypoints, pictures: Tensor): Tensor {
  let x = pictures;
  for (const { weight, bias } of stem) x = t.relu(t.conv2d(x, weight, bias, { stride: 2, padding: 1 }));
  const [batch, , height, width] = x.shape as [number, number, number, number];
  const found = t.reshape(t.conv2d(x, find), [batch, -1, height * width]);
  const weights = t.softmax(t.mul(found, sharpness), -1);
  const along = (i: number, size: number) => (2 * i + 1) / size - 1;
  const places = Float32Array.from({ length: height * width * 2 }, (_, i) => {
    const at = i >> 1;
    return i % 2 === 0 ? along(at % width, width) : along(Math.floor(at / width), height);
  });
  const where = t.matmul(weights, t.constant(places, [height * width, 2]));
  const strength = t.sum(t.mul(weights, found), -1, { keep: true });
  return t.reshape(t.nn.linear(place, t.reshape(t.concat([where, strength], 2), [batch, -1])), [batch, 1, -1]);
}
