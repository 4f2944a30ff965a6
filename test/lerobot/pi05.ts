// Writes the tiny π0.5 of test/golden/pi05 as pistar writes one that it has fine-tuned: tsx test/lerobot/pi05.ts FOLDER
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fitTokenizer, loadWeights, parameterShapes, policyConfig, storedShapes } from "../../src/model/index.ts";
import { saveCheckpoint } from "../../src/policy/index.ts";
import { networkSizes } from "../../src/policy/published-policy.ts";
import { createStore } from "../../src/tensor/index.ts";

const folder = process.argv[2]!;
mkdirSync(folder, { recursive: true });
const weights = join(import.meta.dirname, "../golden/pi05/model.safetensors");
const cameras = { front: "observation.images.front", wrist: "observation.images.wrist" };
const joints = ["shoulder", "lift", "elbow", "flex", "roll", "gripper"].map((name) => `${name}.pos`);
const config = policyConfig(
  "pi05",
  { cameras: Object.keys(cameras), stateSize: 32, actionSize: 32 },
  { ...networkSizes(weights, await storedShapes(weights)), promptTokens: 12, horizon: 4, actionTokens: 0 },
);
const store = createStore();
await loadWeights(weights, parameterShapes(config), store);
const deltaActions = joints.map((name) => !name.startsWith("gripper"));
const scaling = { mode: "quantiles", measures: [new Float32Array(6).fill(-2), new Float32Array(6).fill(4)] } as const;
await saveCheckpoint(
  folder,
  {
    config,
    robot: { robotType: "so101", fps: 30, stateNames: joints, actionNames: joints, cameras, deltaActions },
    space: { state: scaling, actions: scaling, deltaActions },
    tokenizer: fitTokenizer(["Task: fold"], 300),
    fast: undefined,
    conditioned: false,
    trainedDelay: 0,
  },
  store,
);
