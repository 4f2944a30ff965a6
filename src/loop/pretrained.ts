// Names of what pre-training gives. Every task begins from it.

/** Names of the trainings, and the tag of the labels. */
export const pretrained = { value: "pretrain/value", policy: "pretrain/policy", tag: "pretrain" } as const;
