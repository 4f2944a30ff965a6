// A checkpoint of a tiny policy for the simulated SO-101. Its random weights make its answers depend on every input.
import { mkdirSync } from "node:fs";
import { fitTokenizer, initValueFunction, type PolicyConfig, valueConfig } from "../../src/model/index.ts";
import type { Mode } from "../../src/policy/action-space.ts";
import { saveCheckpoint } from "../../src/policy/checkpoint.ts";
import type { PolicyDescription } from "../../src/policy/index.ts";
import { taskScale } from "../../src/recap/index.ts";
import { so101Joints } from "../../src/robot/index.ts";
import { random } from "../../src/system/index.ts";
import { createStore, scope } from "../../src/tensor/index.ts";
import { tinyConfig, tinyPolicy } from "../model/tiny.ts";

const texts = ["push the block\nAdvantage: positive\n", "stack the cubes\nAdvantage: negative\n"];

/** The network has two numbers more than the robot, in state and actions; all actions but the gripper's are differences to the state. */
export async function tinyCheckpoint(
  folder: string,
  {
    mode = "quantiles",
    trainedDelay = 0,
    ...changes
  }: Partial<PolicyConfig> & { readonly mode?: Mode; readonly trainedDelay?: number } = {},
): Promise<void> {
  const tokenizer = fitTokenizer(texts, 320);
  const sizes = { stateSize: 8, actionSize: 8, vocabulary: 320, promptTokens: 64, actionTokens: 0, horizon: 12 };
  const config = tinyConfig({ ...sizes, ...changes });
  const description: PolicyDescription = {
    config,
    robot: tinyRobot(),
    space: tinySpace(mode),
    tokenizer,
    fast: undefined,
    trainedDelay,
    conditioned: true,
  };
  mkdirSync(folder, { recursive: true });
  await saveCheckpoint(folder, description, tinyPolicy(config).store);
}

/** A checkpoint of a tiny value function for the same robot. */
export async function tinyValueCheckpoint(folder: string): Promise<void> {
  const { vision, language } = tinyConfig();
  const sizes = { vocabulary: 320, promptTokens: 64, bins: 21 };
  const config = valueConfig("nano", { cameras: ["front", "wrist"], stateSize: 8 }, { vision, language, ...sizes });
  const model = scope();
  initValueFunction(model, config);
  const description = {
    config,
    robot: tinyRobot(),
    space: tinySpace("quantiles"),
    tokenizer: fitTokenizer(texts, 320),
    taskScales: { "push the block": taskScale(40, { bins: 21 }) },
  };
  mkdirSync(folder, { recursive: true });
  await saveCheckpoint(folder, description, createStore(model.initialize(random("tiny"))));
}

const names = so101Joints.map(({ name }) => name);
const deltaActions = names.map((name) => name !== "gripper.pos");

const tinyRobot = () => ({
  robotType: "so101",
  fps: 25,
  cameras: { front: "observation.images.front", wrist: "observation.images.wrist" },
  stateNames: names,
  actionNames: names,
  deltaActions,
});

const row = (f: (i: number) => number) => Float32Array.from(names, (_, i) => f(i));

const tinySpace = (mode: Mode) => ({
  state: { mode, measures: [row((i) => i - 30), row((i) => 40 + 3 * i)] as const },
  actions: { mode, measures: [row((i) => -2 - i), row((i) => 3 + i / 2)] as const },
  deltaActions,
});
