// Names of pre-training's results. Every task begins from them.

/** Names of the trainings, and the tag of the labels. The wordless policy never saw the advantage. */
export const pretrained = {
  value: "pretrain/value",
  policy: "pretrain/policy",
  wordless: "pretrain/policy-wordless",
  tag: "pretrain",
} as const;
