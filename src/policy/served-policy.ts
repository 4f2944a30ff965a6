// A trained policy, from its checkpoint or exported, as a server serves it.

import type { Message, ServedPolicy } from "../serve/index.ts";
import { type ObservationLayout, parseLayout, stateSize } from "../serve/index.ts";
import { readJson } from "../system/index.ts";
import type { LoadPolicyOptions } from "./load-policy.ts";
import { openTrained } from "./open-trained.ts";
import type { TrainedPolicy } from "./trained-policy.ts";

export interface ServedCheckpointOptions
  extends Pick<LoadPolicyOptions, "steps" | "guidance" | "advantage" | "promptTokens" | "threads"> {
  /**
   * The keys that clients use. Default: `observation_layout` in the checkpoint's config.json, or in an exported policy's manifest.json; without
   * one observation/images/CAMERA, observation/state and prompt, which for a policy of the simulated SO-101 is `layouts.so101`.
   */
  readonly layout?: ObservationLayout;
  /** Requests at once that the policy is made ready for (default 32, as the server's): batches are filled up to powers of two. */
  readonly maxBatch?: number;
}

/**
 * Opens a policy to serve: of a run its last checkpoint, a checkpoint, its folder, or an exported policy's. It has answered once at every size
 * of batch when the promise resolves, so that no client waits for it to be compiled. Cameras of the layout that the policy does not look at are
 * not asked for.
 *
 * @throws Error where there is no policy, where it cannot be asked so, or where the layout lacks a camera of it or has another size of state or
 * actions: the message says what was expected, and shows a layout that fits
 */
export async function servedCheckpoint(path: string, options: ServedCheckpointOptions = {}): Promise<ServedPolicy> {
  const { layout: given, maxBatch = 32, ...inference } = options;
  const policy = await openTrained(path, inference);
  try {
    const layout = fitted(given ?? storedLayout(policy) ?? ownLayout(policy), policy);
    await warmUp(policy, maxBatch);
    return {
      metadata: { ...about(policy), observation_layout: { ...layout } as Message },
      layout,
      continues: policy.continues,
      async infer(batch) {
        const chunks = await policy.inferBatch(batch);
        return chunks.map((actions) => ({ actions, horizon: policy.horizon }));
      },
      close: () => policy.close(),
    };
  } catch (error) {
    await policy.close();
    throw error;
  }
}

function storedLayout({ file }: TrainedPolicy): ObservationLayout | undefined {
  const { observation_layout: layout } = readJson(file) as { observation_layout?: unknown };
  return layout === undefined ? undefined : parseLayout(layout, `${file}, observation_layout`);
}

function ownLayout({ cameras, joints, stateNames }: TrainedPolicy): ObservationLayout {
  return {
    images: Object.fromEntries(cameras.map((camera) => [camera, [`observation/images/${camera}`] as const])),
    imageOrder: "HWC",
    state: [{ key: ["observation/state"], size: stateNames.length }],
    prompt: ["prompt"],
    actions: joints.length,
  };
}

/** The layout with the policy's cameras alone. */
function fitted(layout: ObservationLayout, policy: TrainedPolicy): ObservationLayout {
  const { cameras, joints, path, stateNames } = policy;
  const numbers = (names: readonly string[]) => `${names.length} numbers (${names.join(", ")})`;
  const wrong: string[] = [];
  const known = Object.keys(layout.images);
  if (cameras.some((camera) => !known.includes(camera)))
    wrong.push(`expected keys for the cameras ${cameras.join(", ")}, got ${known.join(", ") || "none"}`);
  if (stateSize(layout) !== stateNames.length)
    wrong.push(`expected a state of ${numbers(stateNames)}, got ${stateSize(layout)}`);
  if (layout.actions !== joints.length) wrong.push(`expected actions of ${numbers(joints)}, got ${layout.actions}`);
  if (wrong.length > 0)
    throw new Error(
      `${path}: the layout does not fit the policy:\n${wrong.map((line) => `  ${line}`).join("\n")}\n` +
        `Take another layout, or write one; this one fits:\n${JSON.stringify(ownLayout(policy))}`,
    );
  return { ...layout, images: Object.fromEntries(cameras.map((camera) => [camera, layout.images[camera]!])) };
}

/** What clients are told: what answers, and how it is asked. */
function about({ path, robotType, stateNames, cameras, joints, horizon, fps, asked }: TrainedPolicy) {
  return {
    checkpoint: path,
    robot_type: robotType,
    fps,
    horizon,
    cameras,
    state_names: stateNames,
    action_names: joints,
    ...asked,
  };
}

/** Has every size of batch compiled, for chunks that begin anew and for those that continue others. */
async function warmUp(
  { cameras, joints, stateNames, continues, largestBatch, inferBatch }: TrainedPolicy,
  maxBatch: number,
): Promise<void> {
  const black = { width: 1, height: 1, data: new Uint8Array(3) };
  const nothing = {
    images: Object.fromEntries(cameras.map((camera) => [camera, black])),
    state: stateNames.map(() => 0),
    task: "",
  };
  const continuing = { ...nothing, leftover: { actions: new Float32Array(joints.length), delay: 0 } };
  for (let size = 1; size < 2 * Math.min(maxBatch, largestBatch); size *= 2)
    for (const one of continues ? [nothing, continuing] : [nothing]) await inferBatch(new Array(size).fill(one));
}
