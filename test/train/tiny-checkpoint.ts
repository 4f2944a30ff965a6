// A checkpoint of a tiny policy for the simulated SO-101, with random weights: its answers depend on everything that goes in.
import { mkdirSync } from "node:fs";
import { fitTokenizer, type PolicyConfig } from "../../src/model/index.ts";
import type { Mode } from "../../src/policy/action-space.ts";
import { saveCheckpoint } from "../../src/policy/checkpoint.ts";
import type { PolicyDescription } from "../../src/policy/index.ts";
import { so101Joints } from "../../src/robot/index.ts";
import { tinyConfig, tinyPolicy } from "../model/tiny.ts";

const texts = ["push the block\nAdvantage: positive\n", "stack the cubes\nAdvantage: negative\n"];

/** The network has two numbers more than the robot, in state and actions; all actions but the gripper's are differences to the state. */
export async function tinyCheckpoint(
  folder: string,
  { mode = "quantiles", ...changes }: Partial<PolicyConfig> & { readonly mode?: Mode } = {},
): Promise<void> {
  const tokenizer = fitTokenizer(texts, 320);
  const names = so101Joints.map(({ name }) => name);
  const sizes = { stateSize: 8, actionSize: 8, vocabulary: 320, promptTokens: 64, actionTokens: 0, horizon: 12 };
  const config = tinyConfig({ ...sizes, ...changes });
  const row = (f: (i: number) => number) => Float32Array.from(names, (_, i) => f(i));
  const deltaActions = names.map((name) => name !== "gripper.pos");
  const description: PolicyDescription = {
    config,
    robot: {
      robotType: "so101",
      fps: 25,
      cameras: { front: "observation.images.front", wrist: "observation.images.wrist" },
      stateNames: names,
      actionNames: names,
      deltaActions,
    },
    space: {
      state: { mode, measures: [row((i) => i - 30), row((i) => 40 + 3 * i)] },
      actions: { mode, measures: [row((i) => -2 - i), row((i) => 3 + i / 2)] },
      deltaActions,
    },
    tokenizer,
    fast: undefined,
    conditioned: true,
  };
  mkdirSync(folder, { recursive: true });
  await saveCheckpoint(folder, description, tinyPolicy(config).store);
}
