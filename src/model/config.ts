// The sizes of the networks, as data: one architecture from a few million parameters to π0.5's and π0.6's.
// H steps of an action chunk, A numbers of an action, S of the state.

/** SigLIP's vision transformer (arXiv 2303.15343): a token for each patch of a picture. */
export interface SiglipConfig {
  readonly kind: "siglip";
  /** Height and width of the pictures, pixels. */
  readonly imageSize: number;
  /** Height and width of a patch, pixels. */
  readonly patch: number;
  readonly width: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  /** Averages squares of pool × pool tokens into one for the language model. */
  readonly pool: number;
}

/**
 * For networks that learn to see from a robot's few pictures alone: 3×3 convolutions of stride 2 with so many channels, and one token that says
 * where in the picture each of `keypoints` features is, to a fraction of a pixel, and how clear it is (Levine et al. 2016, arXiv 1504.00702).
 */
export interface KeypointsConfig {
  readonly kind: "keypoints";
  /** Height and width of the pictures, pixels. */
  readonly imageSize: number;
  readonly channels: readonly number[];
  readonly keypoints: number;
  /** Of the token. */
  readonly width: number;
}

export type VisionConfig = SiglipConfig | KeypointsConfig;

export interface DecoderConfig {
  readonly width: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Gemma 3: norms of queries and keys, norms after attention and MLP, five layers of local attention for each global one. */
  readonly gemma3: boolean;
}

/** Vision and language: what the policy's backbone and the value function share. */
export interface BackboneConfig {
  /** Names of the cameras, in the order of their tokens. */
  readonly cameras: readonly string[];
  readonly vision: VisionConfig;
  readonly language: DecoderConfig;
  readonly vocabulary: number;
  /** Room for the prompt's tokens. */
  readonly promptTokens: number;
  readonly stateSize: number;
  /** How the state enters: written into the prompt as text, or as one token after the pictures. */
  readonly state: "text" | "token";
}

export interface PolicyConfig extends BackboneConfig {
  /** Width and MLP of the action expert; layers and heads are the language model's. */
  readonly expert: { readonly width: number; readonly hidden: number };
  /** A and H. */
  readonly actionSize: number;
  readonly horizon: number;
  /** Room for a chunk's FAST tokens, the one that begins them and the one that ends them included; 0: none are learned. */
  readonly actionTokens: number;
  /**
   * Whether the expert sees the backbone through a stop-gradient (Knowledge Insulation, arXiv 2505.23705): the flow loss then changes only the
   * expert. A backbone trained from nothing needs the flow loss too, or it learns to see from FAST tokens alone.
   */
  readonly knowledgeInsulation: boolean;
}

export interface ValueConfig extends BackboneConfig {
  /** Values that are told apart, −1 to 0. */
  readonly bins: number;
}

export type Size = "nano" | "small" | "pi05" | "pi06";

type Preset = Pick<PolicyConfig, "vision" | "language" | "expert" | "vocabulary" | "state" | "knowledgeInsulation"> & {
  readonly promptTokens: number;
  readonly actionTokens: number;
  readonly horizon: number;
  /** The value function's smaller backbone. */
  readonly value: Pick<BackboneConfig, "vision" | "language">;
};

const so400m = { kind: "siglip", patch: 14, width: 1152, layers: 27, hidden: 4304, heads: 16 } as const;

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
      language: { width: 640, layers: 18, hidden: 2048, heads: 4, keyValueHeads: 1, headSize: 256, gemma3: true },
    },
  },
  // Gemma 3 4B with 448-pixel pictures. The expert's width is not published: π0.5's gives, at Gemma 3's layers and heads, the published 860M.
  pi06: {
    vision: { ...so400m, imageSize: 448, pool: 2 },
    language: { width: 2560, layers: 34, hidden: 10_240, heads: 8, keyValueHeads: 4, headSize: 256, gemma3: true },
    expert: { width: 1024, hidden: 4096 },
    vocabulary: 262_144,
    promptTokens: 256,
    actionTokens: 256,
    horizon: 50,
    state: "text",
    knowledgeInsulation: true,
    value: {
      vision: { ...so400m, imageSize: 448, pool: 2 },
      language: { width: 640, layers: 18, hidden: 2048, heads: 4, keyValueHeads: 1, headSize: 256, gemma3: true },
    },
  },
};

/** What a robot and a dataset decide. */
export interface Body {
  readonly cameras: readonly string[];
  readonly stateSize: number;
  readonly actionSize: number;
}

/** The policy of a size for a robot; `changes` replaces single entries. */
export function policyConfig(size: Size, body: Body, changes: Partial<PolicyConfig> = {}): PolicyConfig {
  const { value: _, ...preset } = sizes[size];
  return { ...preset, ...body, ...changes };
}

/** The value function of a size: the same inputs, a smaller backbone, 201 bins. */
export function valueConfig(
  size: Size,
  { cameras, stateSize }: Omit<Body, "actionSize">,
  changes: Partial<ValueConfig> = {},
): ValueConfig {
  const { value, vocabulary, promptTokens, state } = sizes[size];
  return { ...value, vocabulary, promptTokens, state, cameras, stateSize, bins: 201, ...changes };
}

/** Tokens of one camera's picture for the language model. @throws RangeError where it cannot be divided into them */
export function imageTokens(vision: VisionConfig): number {
  if (vision.kind === "keypoints") return 1;
  const { imageSize, patch, pool } = vision;
  if (imageSize % (patch * pool) !== 0)
    throw new RangeError(`Expected pictures whose size is a multiple of ${patch * pool} pixels, got ${imageSize}`);
  return (imageSize / patch / pool) ** 2;
}

/** Length of the prefix: pictures, a state token where there is one, the prompt. */
export function prefixLength({ cameras, vision, state, promptTokens }: BackboneConfig): number {
  return cameras.length * imageTokens(vision) + (state === "token" ? 1 : 0) + promptTokens;
}
