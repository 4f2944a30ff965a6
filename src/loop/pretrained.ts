// Where pre-training leaves what every task begins from.

/** Names of the trainings, and the tag of the labels. */
export const pretrained = { value: "pretrain/value", policy: "pretrain/policy", tag: "pretrain" } as const;
