// The observation layout of a served policy.
import type { ActionChunk, Policy, PolicyInfo, PolicyRequest } from "../robot/index.ts";
import { PistarError } from "../system/index.ts";
import { layouts, type ObservationLayout, stateSize } from "./layout.ts";

/** A policy that may know the keys of its observations: a trained one by its folder, a server's by its metadata. */
export interface ServablePolicy extends Policy {
  readonly observationLayout?: ObservationLayout;
  /** The chunks for one observation with several instructions, in order. A server's policy has it if the server takes them in one request. */
  inferPrompts?(request: PolicyRequest, tasks: readonly string[]): Promise<ActionChunk[]>;
}

/**
 * The layout for a policy: the given one, else the policy's own, else observation/images/CAMERA, observation/state and
 * prompt. It has the policy's cameras alone; a given layout may name more.
 *
 * @throws Error if the layout lacks a camera of the policy, or has another size of state or actions. The message shows
 * a fitting layout.
 */
export function layoutFor(policy: ServablePolicy, given?: ObservationLayout): ObservationLayout {
  const { id, info, observationLayout } = policy;
  if (!info) return given ?? observationLayout ?? layouts.so101;
  return fitted(given ?? observationLayout ?? plainLayout(info), id, info);
}

function plainLayout({ cameras, joints, stateNames }: PolicyInfo): ObservationLayout {
  return {
    images: Object.fromEntries(cameras.map((camera) => [camera, [`observation/images/${camera}`] as const])),
    imageOrder: "HWC",
    state: [{ key: ["observation/state"], size: stateNames.length }],
    prompt: ["prompt"],
    actions: joints.length,
  };
}

function fitted(layout: ObservationLayout, id: string, info: PolicyInfo): ObservationLayout {
  const { cameras, joints, stateNames } = info;
  const numbers = (names: readonly string[]) => `${names.length} numbers (${names.join(", ")})`;
  const wrong: string[] = [];
  const known = Object.keys(layout.images);
  if (cameras.some((camera) => !known.includes(camera)))
    wrong.push(`expected keys for the cameras ${cameras.join(", ")}, got ${known.join(", ") || "none"}`);
  if (stateSize(layout) !== stateNames.length)
    wrong.push(`expected a state of ${numbers(stateNames)}, got ${stateSize(layout)}`);
  if (layout.actions !== joints.length) wrong.push(`expected actions of ${numbers(joints)}, got ${layout.actions}`);
  if (wrong.length > 0)
    throw new PistarError(
      "wrong-layout",
      `${id}: the layout does not fit the policy:\n${wrong.map((line) => `  ${line}`).join("\n")}\n` +
        `Take another layout, or write one; this one fits:\n${JSON.stringify(plainLayout(info))}`,
    );
  return { ...layout, images: Object.fromEntries(cameras.map((camera) => [camera, layout.images[camera]!])) };
}
