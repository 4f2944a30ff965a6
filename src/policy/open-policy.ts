// A policy from the text that names it, as commands take it and worker threads open it.
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { type Joint, type Policy, so101Joints, type Unit } from "../robot/index.ts";
import { connectPolicy, type ObservationLayout, readLayout, type ServablePolicy } from "../serve/index.ts";
import { checked, located, PistarError } from "../system/index.ts";
import type { ComputeOptions, InferenceOptions } from "./inference.ts";
import { openTrained } from "./open-trained.ts";
import { findRunPolicy } from "./run-policies.ts";
import { randomPolicy, stillPolicy } from "./simple-policies.ts";
import { toldInText } from "./told-in-text.ts";

/** How a policy is opened. Plain data, so that worker threads can be sent it. */
export interface OpenPolicyOptions extends InferenceOptions, ComputeOptions {
  /** The robot's joints: a policy for other ones is refused. Random and a module's policy get them; default: the SO-101's. */
  readonly joints?: readonly Joint[] | undefined;
  /** Room for longer instructions than those of the training, in tokens; of a checkpoint alone. */
  readonly promptTokens?: number | undefined;
  /** The robot's unit of body joints, to compare with the policy's. */
  readonly unit?: Unit | undefined;
  /** Keys of a policy server's observations: a layout, its name or a JSON file. Default: what the server announces, else "so101". */
  readonly layout?: string | ObservationLayout | undefined;
  /** Seconds that a policy server has for an answer; default 2. */
  readonly deadline?: number | undefined;
}

export const policyHelp =
  "demonstrator (pistar collect and eval, in simulation), random, still, a folder with a trained or an exported policy or a run of recap (RUN, RUN:TASK, RUN:TASK:ARM), a URL (ws://host:port) of a policy server, or a JavaScript module that exports createPolicy(joints, options)";

/**
 * Opens the policy that `spec` names.
 *
 * @param spec "random", "still", a folder (a training run, a checkpoint, an exported policy, or a run of recap as `findRunPolicy` takes it), the URL of a policy server, or a module
 * (.js, .mjs or .ts) whose `createPolicy(joints, options)` gives a Policy or a promise of one
 * @throws PistarError bad-option, missing-file or no-answer where there is no such policy; wrong-layout where it is for other joints or a module
 * gives something else; bad-option where it cannot take the options
 */
export async function openPolicy(spec: string, options: OpenPolicyOptions = {}): Promise<ServablePolicy> {
  const policy = await open(spec, options);
  const mismatch = options.joints && mismatchWith(options.joints, options.unit, policy);
  if (mismatch === undefined) return policy;
  await policy.close();
  throw new PistarError("wrong-layout", `${spec}: ${mismatch}`, { path: spec });
}

/** Why a policy cannot drive these joints, as far as it says what it was made for. */
function mismatchWith(
  joints: readonly Joint[],
  unit: Unit | undefined,
  { info, observationLayout }: ServablePolicy,
): string | undefined {
  const names = joints.map(({ name }) => name).join(", ");
  if (info && info.joints.join(", ") !== names)
    return `expected a policy for ${names}, got one for ${info.joints.join(", ")}`;
  if (info?.units && unit && info.units !== unit)
    return `expected a policy whose body joints are ${unit}, as the robot's, got one whose are ${info.units}; set "units" of the robot file to ${info.units}: the calibration converts them`;
  if (!info && observationLayout && observationLayout.actions !== joints.length)
    return `expected a layout with actions of ${joints.length} numbers (${names}), got ${observationLayout.actions}; choose another layout`;
  return undefined;
}

async function open(spec: string, options: OpenPolicyOptions): Promise<ServablePolicy> {
  const { joints = so101Joints, unit: _, layout, deadline, ...inference } = options;
  if (spec === "random") return randomPolicy(joints);
  if (spec === "still") return stillPolicy();
  if (/^wss?:\/\//.test(spec)) return connect(spec, options);
  if (/\.(m?js|ts)$/.test(spec)) return openModule(spec, joints, options);
  const ofRun = findRunPolicy(spec);
  if (ofRun) {
    const { folder, asked } = ofRun;
    const { advantageIndicator = asked.advantageIndicator, guidance = asked.guidance } = inference;
    return openTrained(folder, { ...inference, advantageIndicator, guidance });
  }
  if (statSync(spec, { throwIfNoEntry: false })?.isDirectory()) return openTrained(spec, inference);
  throw new PistarError("bad-option", `Expected a policy: ${policyHelp}; got "${spec}"`, { path: spec });
}

/** The API key comes from the environment, where no list of processes and no dataset shows it. */
async function connect(url: string, { layout, deadline, ...asked }: OpenPolicyOptions): Promise<ServablePolicy> {
  const apiKey = process.env.PISTAR_API_KEY;
  const policy = await connectPolicy(url, {
    ...(layout !== undefined && { layout: typeof layout === "string" ? readLayout(layout) : layout }),
    ...(deadline !== undefined && { deadline: deadline * 1000 }),
    ...(apiKey && { apiKey }),
  });
  // A server that says how it samples decides the word itself.
  if (policy.info?.inference) return policy;
  try {
    return toldInText(policy, asked);
  } catch (error) {
    await policy.close();
    throw error;
  }
}

async function openModule(path: string, joints: readonly Joint[], options: OpenPolicyOptions): Promise<Policy> {
  if (!existsSync(path))
    throw new PistarError("missing-file", `${path}: expected a module that exports createPolicy, found no such file`, {
      path,
    });
  let module: { readonly createPolicy?: unknown };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    const message = `${path}: expected a module that exports createPolicy, got one that cannot be loaded: ${(error as Error).message}`;
    throw new PistarError("damaged-file", message, { path, cause: error });
  }
  const { createPolicy } = checked(moduleSchema, module, path, "wrong-layout");
  let policy: unknown;
  try {
    policy = await createPolicy(joints, options);
  } catch (error) {
    throw located(`${path}: createPolicy failed`, error);
  }
  checked(policySchema, policy, `${path}: what createPolicy returned`, "wrong-layout");
  return policy as Policy;
}

const callable = z.custom<(...given: readonly unknown[]) => unknown>((found) => typeof found === "function", {
  message: "a function",
});
const moduleSchema = z.looseObject({ createPolicy: callable });
/** The parts of `Policy` that a module has to bring. */
const policySchema = z.looseObject({
  id: z.string().min(1),
  reset: callable,
  infer: callable,
  close: callable,
  continues: z.boolean().optional(),
});
