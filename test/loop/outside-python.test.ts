// The example of an outside trainer: it learns from a materialized dataset, and its server takes the word, seeds and two prompts at once.
// It needs python3 (or PISTAR_PYTHON) with torch, numpy, pyarrow, pillow, msgpack and websockets.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { createWriter, materialize, openDataset, piecesOf } from "../../src/data/index.ts";
import { type OpenPolicyOptions, openPolicy } from "../../src/policy/index.ts";
import { so101Joints } from "../../src/robot/index.ts";

const python = process.env.PISTAR_PYTHON ?? "python3";
const present = spawnSync(python, ["-c", "import torch, numpy, pyarrow, PIL, msgpack, websockets"]).status === 0;
const script = (name: string) => join(import.meta.dirname, "../../examples/outside-trainer", name);
const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
const folder = mkdtempSync(join(tmpdir(), "pistar-outside-python-"));
afterAll(() => rmSync(folder, { recursive: true }));

const picture = (value: number) => ({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(value) });

async function writeDataset(): Promise<string> {
  const joints = { dtype: "float32", shape: [6], names: so101Joints.map(({ name }) => name) };
  const camera = { dtype: "image", shape: [64, 64, 3], names: ["height", "width", "channels"] };
  const features = {
    "observation.state": joints,
    action: joints,
    "observation.images.front": camera,
    "observation.images.wrist": camera,
  };
  const [recorded, target] = [join(folder, "recorded"), join(folder, "dataset")];
  const writer = await createWriter(recorded, { fps: 25, features });
  for (let frame = 0; frame < 20; frame++)
    await writer.addFrame(
      {
        "observation.state": new Float32Array(6).fill(frame),
        action: new Float32Array(6).fill(frame + 1),
        "observation.images.front": picture(frame),
        "observation.images.wrist": picture(2 * frame),
      },
      "fold",
    );
  await writer.saveEpisode({});
  await writer.close();
  const source = await openDataset(recorded);
  await materialize(piecesOf(source), target, { word: "positive", dropout: 0.3 });
  await source.close();
  return target;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

test.skipIf(!present)(
  "the example trains on a materialized dataset and serves what it learned",
  { timeout: 300_000 },
  async () => {
    const dataset = await writeDataset();
    const train = (from: string, out: string) =>
      execFileSync(
        python,
        [script("train.py"), "--dataset", dataset, "--from", from, "--out", out, "--steps", "3", "--batch", "4"],
        { env, encoding: "utf8" },
      );
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    expect(train("", first)).toMatch(/20 frames[\s\S]*step: 3 loss: \d/);
    train(first, second);

    const port = await freePort();
    const server = spawn(python, [script("serve.py"), "--checkpoint", second, "--port", `${port}`], { env });
    const open = async (options: OpenPolicyOptions) => {
      for (let left = 600; ; left--)
        try {
          return await openPolicy(`ws://127.0.0.1:${port}`, { deadline: 30, ...options });
        } catch (error) {
          if (left === 0 || server.exitCode !== null) throw error;
          await sleep(100);
        }
    };
    const ask = async (options: OpenPolicyOptions) => {
      const policy = await open(options);
      await policy.reset(5);
      const request = {
        images: { front: picture(3), wrist: picture(6) },
        state: new Float32Array(6).fill(3),
        task: "fold",
      };
      const { actions, horizon } = await policy.infer(request);
      await policy.close();
      expect([horizon, actions.length]).toEqual([16, 16 * 6]);
      return actions;
    };
    try {
      const [without, positive, guided] = [
        await ask({}),
        await ask({ advantageIndicator: "positive" }),
        await ask({ advantageIndicator: "positive", guidance: 2 }),
      ];
      expect(await ask({})).toEqual(without); // the seed decides
      expect(positive).not.toEqual(without);
      for (const [i, action] of guided.entries()) expect(action).toBeCloseTo(2 * positive[i]! - without[i]!, 2);
    } finally {
      server.kill();
    }
  },
);
