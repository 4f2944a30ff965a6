// An exported policy gives the checkpoint's actions: in ONNX Runtime by the example for Node, in Chromium, in rollouts
// and behind a server.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { encodePng, type Image } from "../../src/data/index.ts";
import {
  exportOptions,
  exportPolicy,
  loadPolicy,
  openExported,
  openPolicy,
  type TrainedPolicy,
  type TrainedRequest,
} from "../../src/policy/index.ts";
import { so101Joints } from "../../src/robot/index.ts";
import { random } from "../../src/system/index.ts";
import { tinyConfig } from "../model/tiny.ts";
import { tinyCheckpoint } from "../train/tiny-checkpoint.ts";
import { hasChromium, openPage, serveFiles } from "./browser.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "pistar-exported-"));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 3 }));
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Networks that differ in all that an export must know of, and how they are asked. */
const variants = {
  token: [{}, {}],
  guided: [{ mode: "mean_std" }, { guidance: 2, denoisingSteps: 3, advantageIndicator: "negative" }],
  text: [
    { state: "text", language: { ...tinyConfig().language, gemma3: { window: 8, globalScaling: 8 } } },
    { advantageIndicator: "none" },
  ],
} as const;
type Variant = keyof typeof variants;
const names = Object.keys(variants) as Variant[];

beforeAll(async () => {
  for (const name of names) {
    const [changes, asked] = variants[name];
    await tinyCheckpoint(path(name), changes);
    await exportPolicy(path(name), path(`${name}-exported`), exportOptions.parse(asked));
  }
}, 120_000);

const generator = random("observation");
const picture = (): Image => ({
  width: 16,
  height: 16,
  data: Uint8Array.from({ length: 768 }, () => generator.integer(256)),
});
const observation = {
  task: " stack_the $& cubes",
  state: Float32Array.of(-20, 3, 12.5, 44, -31, 60),
  images: { front: picture(), wrist: picture() },
  noise: Float32Array.from({ length: 96 }, () => generator.normal()),
};

async function answer(policy: TrainedPolicy, asked: TrainedRequest = observation): Promise<Float32Array> {
  cleanups.push(() => policy.close());
  return (await policy.infer(asked)).actions;
}
const checkpoint = async (name: Variant, asked?: TrainedRequest) =>
  answer(await loadPolicy(path(name), variants[name][1]), asked);

function expectClose(actual: ArrayLike<number>, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, x] of expected.entries()) expect(Math.abs(actual[i]! - x), `action ${i}`).toBeLessThan(1e-4);
}

/** observation.json as the examples read it. */
async function writeObservation(name: string): Promise<string> {
  const { task, state, images, noise } = observation;
  for (const [camera, image] of Object.entries(images)) writeFileSync(path(`${camera}.png`), await encodePng(image));
  const pictures = { front: "front.png", wrist: "wrist.png" };
  writeFileSync(path(name), JSON.stringify({ task, state: [...state], noise: [...noise], pictures }));
  return path(name);
}

/** Debian's checker (python3-onnx). */
const python = "/usr/bin/python3";
const hasChecker = spawnSync(python, ["-c", "import onnx"]).status === 0;

test.each(names)("the example for Node gives the checkpoint's actions: %s", async (name) => {
  const expected = await checkpoint(name);
  const example = join(root, "examples/exported-policy/node.js");
  const observed = await writeObservation("observation.json");
  const printed = execFileSync(process.execPath, [example, path(`${name}-exported`), observed], { encoding: "utf8" });
  const actions = JSON.parse(printed) as number[][];
  expect(actions).toHaveLength(12);
  expectClose(actions.flat(), expected);
  if (hasChecker)
    execFileSync(python, [
      "-c",
      "import onnx, sys; onnx.checker.check_model(sys.argv[1])",
      path(`${name}-exported/policy.onnx`),
    ]);
  else expect(process.env.CI, "CI installs python3-onnx").toBeUndefined();
});

/** Python with what the example needs; PYTHON names another one. */
const ownPython = process.env.PYTHON ?? python;
const hasRuntime = spawnSync(ownPython, ["-c", "import onnxruntime, tokenizers, PIL"]).status === 0;

test.skipIf(!hasRuntime).each(names)("the example for Python gives the checkpoint's actions: %s", async (name) => {
  const example = join(root, "examples/exported-policy/policy.py");
  const observed = await writeObservation("observation.json");
  const printed = execFileSync(ownPython, [example, path(`${name}-exported`), observed], { encoding: "utf8" });
  expectClose((JSON.parse(printed) as number[][]).flat(), await checkpoint(name));
});

test.skipIf(!hasChromium && process.env.CI === undefined)(
  `the page gives the checkpoint's actions in Chromium${hasChromium ? "" : " (skipped: no /usr/bin/chromium)"}`,
  async () => {
    const files = await serveFiles({
      "/examples/": join(root, "examples"),
      "/node_modules/": join(root, "node_modules"),
      "/exported/": path("guided-exported"),
    });
    cleanups.push(files.close);
    const page = await openPage(
      `${files.url}/examples/exported-policy/?policy=/exported`,
      mkdtempSync(path("chromium-")),
    );
    cleanups.push(page.close);
    // The page's own check, of the pictures that it read from PNGs.
    let status = "";
    for (let i = 0; i < 300 && !/differ|Failed/.test(status); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      status = String(await page.evaluate("document.getElementById('status')?.textContent ?? ''"));
    }
    const difference = Number(/differ from pistar's by (\S+) at most/.exec(status)?.[1]);
    expect(difference, status).toBeLessThan(1e-4);
    // Another observation, through its module.
    const { task, state, images, noise } = observation;
    const asked = {
      task,
      state: [...state],
      noise: [...noise],
      front: [...images.front.data],
      wrist: [...images.wrist.data],
    };
    const actions = await page.evaluate(`(async () => {
      const ort = await import("onnxruntime-web");
      const { openPolicy } = await import("/examples/exported-policy/policy.js");
      const json = async (name) => (await fetch("/exported/" + name)).json();
      const policy = await openPolicy(ort, await json("manifest.json"), await json("tokenizer.json"), "/exported/policy.onnx");
      const { front, wrist, ...asked } = ${JSON.stringify(asked)};
      return [...await policy.act({ ...asked, pictures: { front: Uint8Array.from(front), wrist: Uint8Array.from(wrist) } })];
    })()`);
    expectClose(actions as number[], await checkpoint("guided"));
  },
  120_000,
);

test.each(names)("pistar itself runs it: pictures of any size, a camera missing, by seed: %s", async (name) => {
  const large: Image = { width: 32, height: 24, data: new Uint8Array(32 * 24 * 3).map((_, i) => i % 251) };
  const asked: TrainedRequest[] = [
    observation,
    { ...observation, images: { front: large } },
    { task: "push", state: observation.state, images: { front: large, wrist: large }, seed: [3, 4] },
  ];
  const policy = await openExported(path(`${name}-exported`));
  cleanups.push(() => policy.close());
  const chunks = await policy.inferBatch(asked);
  for (const [i, one] of asked.entries()) expectClose(chunks[i]!.actions, await checkpoint(name, one));
});

test("rollouts drive the robot with it", async () => {
  const open = (name: string) => openPolicy(path(name), { joints: so101Joints });
  const [exported, trained] = [await open("token-exported"), await open("token")];
  cleanups.push(
    () => exported.close(),
    () => trained.close(),
  );
  for (const policy of [exported, trained]) await policy.reset(7);
  const { actions, horizon } = await exported.infer(observation);
  expect([exported.continues, horizon]).toEqual([false, 12]);
  expectClose(actions, (await trained.infer(observation)).actions);
  await expect(openPolicy(path("token-exported"), { denoisingSteps: 9 })).rejects.toThrow(
    "as it was exported, with denoisingSteps 5, got 9",
  );
});

const pistar = (...parameters: string[]) =>
  spawnSync(process.execPath, ["--import", "tsx", join(root, "src/cli/main.ts"), ...parameters], { encoding: "utf8" });

test("pistar export says what it wrote, and pistar eval drives episodes with it", () => {
  const out = path("by-command");
  const exported = pistar("export", path("guided"), "--out", out, "--guidance", "1.5", "--task", "stack");
  expect([exported.stderr, exported.status]).toEqual(["", 0]);
  expect(exported.stdout).toMatch(/in +unconditioned_prompt +int32 \[1, 64\]/);
  expect(exported.stdout).toMatch(/out +actions +float32 \[1, 12, 6\]/);
  expect(exported.stdout).toContain(
    "5 denoising steps, guidance 1.5, advantage positive. Its answer to the example differs",
  );
  expect(JSON.parse(readFileSync(join(out, "example/observation.json"), "utf8"))).toMatchObject({ task: "stack" });
  const flags = ["--task", "push-to-target", "--episodes", "1", "--workers", "1", "--json", "-"];
  const { evaluation } = JSON.parse(pistar("eval", "--policy", out, ...flags).stdout) as {
    evaluation: { runs: { troubles: string[] }[]; jumps: { borders: number } };
  };
  expect(evaluation.runs.map(({ troubles }) => troubles)).toEqual([[]]);
  expect(evaluation.jumps.borders).toBeGreaterThan(20);
}, 120_000);

test.each([
  ["trained", 3],
  ["guided", 0],
] as const)(
  "an export with real-time chunking continues chunks as its checkpoint does: %s",
  async (rtc, trainedDelay) => {
    const [from, to] = [path(`rtc-${rtc}`), path(`rtc-${rtc}-exported`)];
    await tinyCheckpoint(from, { trainedDelay });
    await exportPolicy(from, to, exportOptions.parse({ rtc }));
    const actions = Float32Array.from({ length: 8 * 6 }, (_, i) => observation.state[i % 6]! + generator.normal());
    const continuing = { ...observation, leftover: { actions, delay: 4 } };
    const exported = await openExported(to);
    expect(exported.continues).toBe(true);
    const found = await answer(exported, continuing);
    expectClose(found, await answer(await loadPolicy(from), continuing));
    // It has learned delays of 3 steps: so many come out as they were. Guidance comes near them.
    if (rtc === "trained") expectClose(found.subarray(0, 3 * 6), actions.subarray(0, 3 * 6));
    expectClose(await answer(await openExported(to)), await answer(await loadPolicy(from)));
    await expect(openExported(to, { rtcMode: rtc === "trained" ? "guided" : "trained" })).rejects.toThrow(
      `with rtcMode ${rtc}`,
    );
    if (rtc === "guided")
      await expect(loadPolicy(from, { rtcMode: "trained" })).rejects.toThrow("trained to continue chunks");
  },
);

test("the same checkpoint gives the same bytes", async () => {
  const again = path("again");
  await exportPolicy(path("token"), again, exportOptions.parse({}));
  const files = readdirSync(again, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files).toHaveLength(6);
  for (const { parentPath, name } of files) {
    const file = join(parentPath, name);
    expect(readFileSync(file), file).toEqual(readFileSync(file.replace("again", "token-exported")));
  }
});

test("what cannot be exported, opened or asked so is refused in words", async () => {
  const options = exportOptions.parse({});
  await expect(exportPolicy(path("token"), path("token"), options)).rejects.toThrow("got one with a checkpoint");
  await expect(exportPolicy(path("nowhere"), path("x"), options)).rejects.toThrow("got neither");
  await expect(openExported(path("token"))).rejects.toThrow("manifest.json: expected a readable file");
  const broken = path("broken");
  cpSync(path("token-exported"), broken, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(broken, "manifest.json"), "utf8")) as { inputs: object[] };
  const rewrite = (changes: object) =>
    writeFileSync(join(broken, "manifest.json"), JSON.stringify({ ...manifest, ...changes }));
  rewrite({ format_version: 2 });
  await expect(openExported(broken)).rejects.toThrow(
    "expected format_version 1, got 2: a newer pistar exported this policy",
  );
  rewrite({ inputs: [...manifest.inputs, { name: "depth", dtype: "float32", shape: [1], about: "" }] });
  const policy = await openExported(broken);
  cleanups.push(() => policy.close());
  await expect(policy.infer(observation)).rejects.toThrow('expected inputs that pistar knows, got "depth"');
  await expect(policy.infer({ ...observation, state: Float32Array.of(1) })).rejects.toThrow(
    "a state of 6 numbers, got 1",
  );
  await expect(policy.infer({ ...observation, images: {} })).rejects.toThrow("pictures of the cameras front, wrist");
});
