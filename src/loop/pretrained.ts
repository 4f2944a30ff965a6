// Names of pre-training's results. Every task begins from them.

/** Names of the trainings, and the tag of the labels. */
export const pretrained = { value: "pretrain/value", policy: "pretrain/policy", tag: "pretrain" } as const;
