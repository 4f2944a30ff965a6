// A policy from the text that names it, as commands take it and worker threads open it.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Joint, Policy } from "../robot/index.ts";
import { connectPolicy, layouts } from "../serve/index.ts";
import { trainedPolicy } from "./driving-policy.ts";
import { randomPolicy, stillPolicy } from "./simple-policies.ts";
import type { Asked } from "./trained-policy.ts";

/** What opens a policy beside its name, as data that worker threads can be sent. */
export interface OpenPolicyOptions extends Partial<Pick<Asked, "guidance" | "advantage">> {
  /** Euler steps of denoising. */
  readonly denoising?: number | undefined;
  /** Seconds that a policy server has for an answer. */
  readonly deadline: number;
}

export const policyHelp =
  "random, still, a folder with a trained or an exported policy, a URL (ws://host:port) of a policy server, or a JavaScript module that exports createPolicy(joints)";

/**
 * Opens the policy that `spec` names: "random", "still", a folder (a training's, a checkpoint, or
 * an exported policy's), the URL of a policy server, or a
 * module of one's own (.js, .mjs or .ts) whose `createPolicy(joints, options)` gives a Policy or a promise of one.
 */
export async function openPolicy(spec: string, joints: readonly Joint[], options: OpenPolicyOptions): Promise<Policy> {
  if (spec === "random") return randomPolicy(joints);
  if (spec === "still") return stillPolicy();
  if (/^wss?:\/\//.test(spec)) return connect(spec, options);
  if (/\.(m?js|ts)$/.test(spec)) return openModule(spec, joints, options);
  if (statSync(spec, { throwIfNoEntry: false })?.isDirectory()) {
    const { denoising: steps, guidance, advantage } = options;
    return trainedPolicy(spec, joints, { steps, guidance, advantage });
  }
  throw new Error(`Expected a policy: ${policyHelp}; got "${spec}"`);
}

/** A server that wants an API key gets that of the environment, which no list of processes and no dataset shows. */
function connect(url: string, { deadline }: OpenPolicyOptions): Promise<Policy> {
  const apiKey = process.env.PISTAR_API_KEY;
  return connectPolicy(url, { layout: layouts.so101, deadline: deadline * 1000, ...(apiKey && { apiKey }) });
}

async function openModule(path: string, joints: readonly Joint[], options: OpenPolicyOptions): Promise<Policy> {
  const { createPolicy } = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  if (typeof createPolicy !== "function") throw new Error(`${path}: expected a function createPolicy(joints, options)`);
  return (await createPolicy(joints, options)) as Policy;
}
