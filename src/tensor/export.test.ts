import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ort from "onnxruntime-node";
import { afterAll, expect, test } from "vitest";
import { random } from "../system/random.ts";
import { exportOnnx } from "./export.ts";
import { input } from "./expression.ts";
import * as nn from "./nn.ts";
import { add } from "./ops/arithmetic.ts";
import { rotaryAngles } from "./ops/rotary.ts";
import { scope } from "./parameters.ts";
import { compile } from "./program.ts";
import { createStore } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-export-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A Gemma block: every fused operator that a policy uses. */
function block() {
  const root = scope();
  const x = input("x", [2, 5, 16]);
  const positions = input("positions", [2, 5], "i32");
  const attention = nn.initSelfAttention(root.at("attention"), { width: 16, heads: 4, keyValueHeads: 2 });
  const mlp = nn.initGatedMlp(root.at("mlp"), 16, 24);
  const norm = nn.initRmsNorm(root.at("norm"), 16);
  const h = nn.rmsNorm(norm, x);
  const y = add(
    nn.selfAttention(attention, h, { headSize: 4, angles: rotaryAngles(positions, 4) }),
    nn.gatedMlp(mlp, h),
  );
  return { graph: { inputs: [x, positions], outputs: { y } }, store: createStore(root.initialize(random(5))) };
}

const feeds = {
  x: Float32Array.from({ length: 160 }, (_, i) => Math.sin(i)),
  positions: Int32Array.from([0, 1, 2, 3, 4, 0, 0, 1, 2, 3]),
};

/** The file run by ONNX Runtime alone. */
async function runFile(path: string): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(path);
  const { y } = await session.run({
    x: new ort.Tensor("float32", feeds.x, [2, 5, 16]),
    positions: new ort.Tensor("int32", feeds.positions, [2, 5]),
  });
  return y!.data as Float32Array;
}

/** Debian's checker (python3-onnx), which also reads external data. Without it the test asks for it, in CI, where it belongs. */
const checker = "import onnx, sys; onnx.checker.check_model(sys.argv[1], full_check=False)";
const hasChecker = (() => {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import onnx"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test.each([
  ["with its numbers inside", {}, ["model.onnx"]],
  ["with its numbers beside", { maxInlineBytes: 1000 }, ["model.onnx", "model.onnx.data"]],
])("an exported model %s computes what the program computes", async (_, options, files) => {
  const here = mkdtempSync(join(folder, "x-"));
  const { graph, store } = block();
  await exportOnnx(join(here, "model.onnx"), graph, store, options);
  expect(readdirSync(here)).toEqual(files);
  const program = await compile(graph, { store });
  const expected = (await program.run(feeds)).y!.data as Float32Array;
  const got = await runFile(join(here, "model.onnx"));
  got.forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i]!, 5);
  });
  if (hasChecker) execFileSync("/usr/bin/python3", ["-c", checker, join(here, "model.onnx")]);
  else expect(process.env.CI, "CI installs python3-onnx").toBeUndefined();
});

test("the same graph and numbers give the same bytes", async () => {
  const paths = ["a.onnx", "b.onnx"].map((name) => join(folder, name));
  for (const path of paths) {
    const { graph, store } = block();
    await exportOnnx(path, graph, store);
  }
  expect(readFileSync(paths[0]!)).toEqual(readFileSync(paths[1]!));
});

test("undeclared inputs and clashing names are refused, and nothing is left behind", async () => {
  const { graph, store } = block();
  const path = join(folder, "refused.onnx");
  await expect(exportOnnx(path, { ...graph, inputs: graph.inputs.slice(0, 1) }, store)).rejects.toThrow(
    'uses input "positions"',
  );
  await expect(exportOnnx(path, { ...graph, outputs: { x: graph.outputs.y } }, store)).rejects.toThrow(
    'output "x" has the name',
  );
  expect(readdirSync(folder)).not.toContain("refused.onnx");
});
