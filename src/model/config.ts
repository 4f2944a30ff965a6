// The sizes of the networks as data, from a few million parameters to π0.5's and π0.6's. A checkpoint's config.json
// holds them, so each is a schema with an inferred type. H steps of an action chunk, A numbers of an action, S of the
// state.
import * as z from "zod";

const size = z.int().min(1);

const siglipSchema = z
  .strictObject({
    kind: z.literal("siglip"),
    /** Height and width of the images, pixels. */
    imageSize: size,
    /** Height and width of a patch, pixels. */
    patch: size,
    width: size,
    layers: size,
    hidden: size,
    heads: size,
    /** Averages squares of pool × pool tokens into one token for the language model. */
    pool: size,
  })
  .refine(({ imageSize, patch, pool }) => imageSize % (patch * pool) === 0, {
    path: ["imageSize"],
    message: "a multiple of patch × pool",
  })
  .refine(({ width, heads }) => width % heads === 0, { path: ["heads"], message: "a divisor of width" });
/** SigLIP's vision transformer (arXiv 2303.15343): one token for each patch of an image. */
export type SiglipConfig = Readonly<z.infer<typeof siglipSchema>>;

const keypointsSchema = z.strictObject({
  kind: z.literal("keypoints"),
  /** Height and width of the images, pixels. */
  imageSize: size,
  /** Channels of each convolution. */
  channels: z.array(size).min(1).readonly(),
  keypoints: size,
  /** Width of the token. */
  width: size,
});
/**
 * Keypoints, for networks that learn to see from few images: 3×3 convolutions of stride 2, then one token. The token
 * holds the place of each of `keypoints` features in the image, to a fraction of a pixel, and its strength (Levine et
 * al. 2016, arXiv 1504.00702).
 */
export type KeypointsConfig = Readonly<z.infer<typeof keypointsSchema>>;

/** A vision encoder's configuration. */
export type VisionConfig = SiglipConfig | KeypointsConfig;

const decoderSchema = z
  .strictObject({
    width: size,
    layers: size,
    hidden: size,
    heads: size,
    keyValueHeads: size,
    headSize: size,
    /**
     * False: Gemma. Else Gemma 3: norms of queries and keys, norms after attention and MLP, a norm of the images'
     * tokens, and five layers of local attention for each global one.
     */
    gemma3: z.union([
      z.literal(false),
      z.strictObject({
        /** A local layer attends to this many tokens, a token itself included. */
        window: size,
        /** Positions are divided by this in global layers: 8 where Gemma 3 was trained on for long texts (4B and larger). */
        globalScaling: z.number().min(1),
      }),
    ]),
  })
  .refine(({ heads, keyValueHeads }) => heads % keyValueHeads === 0, {
    path: ["keyValueHeads"],
    message: "a divisor of heads",
  })
  .refine(({ headSize }) => headSize % 2 === 0, { path: ["headSize"], message: "an even number" });
/** A transformer of Gemma's kind. */
export type DecoderConfig = Readonly<z.infer<typeof decoderSchema>>;

const backboneSchema = z.strictObject({
  /** Names of the cameras, in the order of their tokens. */
  cameras: z.array(z.string().min(1)).readonly(),
  vision: z.discriminatedUnion("kind", [siglipSchema, keypointsSchema]).readonly(),
  language: decoderSchema.readonly(),
  vocabulary: size,
  /** Room for the prompt's tokens. */
  promptTokens: size,
  stateSize: size,
  /** The form of the state: text inside the prompt, or one token after the images. */
  state: z.enum(["text", "token"]),
});
/** Vision and language, shared by policy and value function. */
export type BackboneConfig = Readonly<z.infer<typeof backboneSchema>>;

/** Checks a policy's network. Unknown fields are refused: they would change the network. */
export const policyConfigSchema = backboneSchema.extend({
  /** Width and MLP of the action expert. Layers and heads are the language model's. */
  expert: z.strictObject({ width: size, hidden: size }).readonly(),
  /** A. */
  actionSize: size,
  /** H. */
  horizon: size,
  /** Room for a chunk's FAST tokens, begin and end included. 0: no FAST tokens are learned. */
  actionTokens: z.int().min(0),
  /**
   * Whether the expert reads the backbone through a stop-gradient (Knowledge Insulation, arXiv 2505.23705). The flow
   * loss then changes the expert alone. A backbone trained from nothing needs the flow loss too, or it learns to see
   * from FAST tokens alone.
   */
  knowledgeInsulation: z.boolean(),
});
/** A policy's network. */
export type PolicyConfig = Readonly<z.infer<typeof policyConfigSchema>>;

/** Checks a value function's network. Unknown fields are refused here too. */
export const valueConfigSchema = backboneSchema.extend({
  /** Number of value bins, −1 to 0. */
  bins: z.int().min(2),
});
/** A value function's network. */
export type ValueConfig = Readonly<z.infer<typeof valueConfigSchema>>;

/** Names of the sizes. */
export type Size = "nano" | "small" | "pi05" | "pi06";

type Preset = Pick<PolicyConfig, "vision" | "language" | "expert" | "vocabulary" | "state" | "knowledgeInsulation"> & {
  readonly promptTokens: number;
  readonly actionTokens: number;
  readonly horizon: number;
  /** The value function's smaller backbone. */
  readonly value: Pick<BackboneConfig, "vision" | "language">;
};

/** Gemma 3 of 4B and of 270M parameters, as published. */
const gemma3Of4B = { window: 1024, globalScaling: 8 } as const;
const gemma3Of270M = { window: 512, globalScaling: 1 } as const;
const value270M = {
  width: 640,
  layers: 18,
  hidden: 2048,
  heads: 4,
  keyValueHeads: 1,
  headSize: 256,
  gemma3: gemma3Of270M,
} as const;
const so400m = { kind: "siglip", patch: 14, width: 1152, layers: 27, hidden: 4304, heads: 16 } as const;

/** The published and the small architectures by name. */
export const sizes: Readonly<Record<Size, Preset>> = {
  nano: {
    vision: { kind: "keypoints", imageSize: 64, channels: [24, 48], keypoints: 64, width: 128 },
    language: { width: 128, layers: 4, hidden: 256, heads: 4, keyValueHeads: 2, headSize: 32, gemma3: false },
    expert: { width: 128, hidden: 256 },
    vocabulary: 1024,
    promptTokens: 32,
    actionTokens: 24,
    horizon: 16,
    state: "token",
    knowledgeInsulation: false,
    value: {
      vision: { kind: "keypoints", imageSize: 64, channels: [16, 32], keypoints: 32, width: 96 },
      language: { width: 96, layers: 3, hidden: 192, heads: 3, keyValueHeads: 1, headSize: 32, gemma3: false },
    },
  },
  small: {
    vision: { kind: "keypoints", imageSize: 96, channels: [32, 64], keypoints: 64, width: 256 },
    language: { width: 256, layers: 8, hidden: 768, heads: 8, keyValueHeads: 2, headSize: 32, gemma3: false },
    expert: { width: 192, hidden: 512 },
    vocabulary: 2048,
    promptTokens: 96,
    actionTokens: 48,
    horizon: 32,
    state: "token",
    knowledgeInsulation: false,
    value: {
      vision: { kind: "keypoints", imageSize: 96, channels: [24, 48], keypoints: 64, width: 128 },
      language: { width: 128, layers: 4, hidden: 384, heads: 4, keyValueHeads: 2, headSize: 32, gemma3: false },
    },
  },
  pi05: {
    vision: { ...so400m, imageSize: 224, pool: 1 },
    language: { width: 2048, layers: 18, hidden: 16384, heads: 8, keyValueHeads: 1, headSize: 256, gemma3: false },
    expert: { width: 1024, hidden: 4096 },
    vocabulary: 257_152,
    promptTokens: 200,
    actionTokens: 256,
    horizon: 50,
    state: "text",
    knowledgeInsulation: true,
    value: {
      vision: { ...so400m, imageSize: 224, pool: 1 },
      language: value270M,
    },
  },
  // Gemma 3 4B with images of 448 pixels. The expert's width is not published: π0.5's gives the published 860M at Gemma
  // 3's layers and heads.
  pi06: {
    vision: { ...so400m, imageSize: 448, pool: 2 },
    language: {
      width: 2560,
      layers: 34,
      hidden: 10_240,
      heads: 8,
      keyValueHeads: 4,
      headSize: 256,
      gemma3: gemma3Of4B,
    },
    expert: { width: 1024, hidden: 4096 },
    vocabulary: 262_208,
    promptTokens: 256,
    actionTokens: 256,
    horizon: 50,
    state: "text",
    knowledgeInsulation: true,
    value: {
      vision: { ...so400m, imageSize: 448, pool: 2 },
      language: value270M,
    },
  },
};

/** The parts of a configuration given by robot and dataset. */
export interface Body {
  readonly cameras: readonly string[];
  readonly stateSize: number;
  readonly actionSize: number;
}

/** The policy's configuration for a size and a robot. `changes` replaces single entries. */
export function policyConfig(size: Size, body: Body, changes: Partial<PolicyConfig> = {}): PolicyConfig {
  const { value: _, ...preset } = sizes[size];
  return { ...preset, ...body, ...changes };
}

/** The value function's configuration for a size: the same inputs, a smaller backbone, 201 bins. */
export function valueConfig(
  size: Size,
  { cameras, stateSize }: Omit<Body, "actionSize">,
  changes: Partial<ValueConfig> = {},
): ValueConfig {
  const { value, vocabulary, promptTokens, state } = sizes[size];
  return { ...value, vocabulary, promptTokens, state, cameras, stateSize, bins: 201, ...changes };
}

/** Euler steps of a policy by default: ten for π0.5's network, as its publishers take, five for π0.6's and the small ones. */
export const defaultDenoisingSteps = ({ vision, language }: Pick<PolicyConfig, "vision" | "language">): number =>
  vision.kind === "siglip" && !language.gemma3 ? 10 : 5;

/**
 * Tokens of one camera's image for the language model.
 * @throws RangeError if the image does not divide into patches
 */
export function imageTokens(vision: VisionConfig): number {
  if (vision.kind === "keypoints") return 1;
  const { imageSize, patch, pool } = vision;
  if (imageSize % (patch * pool) !== 0)
    throw new RangeError(`Expected pictures whose size is a multiple of ${patch * pool} pixels, got ${imageSize}`);
  return (imageSize / patch / pool) ** 2;
}

/** Tokens of the prefix: images, the state's token if any, the prompt. */
export function prefixLength({ cameras, vision, state, promptTokens }: BackboneConfig): number {
  return cameras.length * imageTokens(vision) + (state === "token" ? 1 : 0) + promptTokens;
}
