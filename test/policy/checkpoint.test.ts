// Every field of a checkpoint's config.json. A wrong or missing value gives an error with file, field, expected and
// got.
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findCheckpoint, readPolicyDescription, readValueDescription } from "../../src/policy/checkpoint.ts";
import { tinyCheckpoint, tinyValueCheckpoint } from "../train/tiny-checkpoint.ts";
import { changed, expectFault, type Path, wrongFields } from "./wrong-fields.ts";

type Json = Record<string, unknown>;

const root = mkdtempSync(join(tmpdir(), "pistar-checkpoint-"));
afterAll(() => rmSync(root, { recursive: true }));
const kinds = {
  policy: { folder: join(root, "policy"), read: readPolicyDescription },
  value: { folder: join(root, "value"), read: readValueDescription },
  siglip: { folder: join(root, "siglip"), read: readPolicyDescription },
} as const;
type Kind = keyof typeof kinds;
const valid = {} as Record<Kind, Json>;
beforeAll(async () => {
  await tinyCheckpoint(kinds.policy.folder);
  await tinyValueCheckpoint(kinds.value.folder);
  const vision = {
    kind: "siglip",
    imageSize: 16,
    patch: 8,
    width: 8,
    layers: 1,
    hidden: 8,
    heads: 2,
    pool: 1,
  } as const;
  await tinyCheckpoint(kinds.siglip.folder, { vision, state: "text" });
  for (const kind of Object.keys(kinds) as Kind[])
    valid[kind] = JSON.parse(readFileSync(join(kinds[kind].folder, "config.json"), "utf8")) as Json;
});

/** What reading says of a config.json. */
function reading(kind: Kind, config: Json): Promise<unknown> {
  const { folder, read } = kinds[kind];
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return read(folder).catch((error: unknown) => error);
}

/** The same where one field is another; `undefined` leaves it out. */
const withField = (kind: Kind, path: Path, value: unknown) => reading(kind, changed(valid[kind], path, value));

/** A robot may have no type, or any; an early checkpoint has no version; a value function knows any number of tasks. */
const allowed: Readonly<Record<string, readonly unknown[]>> = {
  // The type decides who reads the file; it has a test of its own.
  type: ["*"],
  // For people.
  about: ["*"],
  "robot.robotType": [null, ""],
  format_version: [undefined],
  "task_scales.push the block": [undefined],
};

test.each(Object.keys(kinds) as Kind[])("%s: each field with wrong values, and without it", async (kind) => {
  expect(await kinds[kind].read(kinds[kind].folder)).toHaveProperty("config");
  const file = join(kinds[kind].folder, "config.json");
  let tried = 0;
  for (const { name, wrong, json } of wrongFields(valid[kind], allowed)) {
    expectFault(await reading(kind, json), file, name, wrong);
    tried++;
  }
  expect(tried).toBeGreaterThan(200);
  writeFileSync(file, JSON.stringify(valid[kind]));
});

test.each([
  [["network", "state"], "tokn", 'network.state: expected "text" or "token", got "tokn"'],
  [["network", "horizon"], "16", 'network.horizon: expected a number, got "16"'],
  [["network", "language"], undefined, "network.language: expected an object, got nothing"],
  [["network", "vision", "kind"], undefined, 'network.vision.kind: expected "siglip" or "keypoints", got nothing'],
  [["network", "memory"], true, "network.memory: expected no such field, got true"],
  [["network", "language", "keyValueHeads"], 3, "network.language.keyValueHeads: expected a divisor of heads, got 3"],
  [["network", "horizon"], 13, "chunk_size: expected 13, got 12"],
  [["robot", "cameras", "front"], undefined, "robot.cameras.front: expected a feature of the dataset, got nothing"],
  [["robot", "deltaActions"], [true], "robot.deltaActions.length: expected 6, got 1"],
] as const)("%j = %j: %s", async (path, wrong, message) => {
  expect(await withField("policy", path, wrong)).toMatchObject({ message: expect.stringContaining(message) });
});

test("fields that others add to config.json are left alone", async () => {
  expect(await withField("policy", ["repo_id"], "me/robot")).toHaveProperty("config");
});

test("a checkpoint of a newer pistar says so", async () => {
  expect(await withField("policy", ["format_version"], 99)).toMatchObject({
    code: "newer-format",
    message: expect.stringContaining("a newer pistar wrote this checkpoint"),
  });
});

test("a network of another kind, and one of others, is told apart", async () => {
  const { folder } = kinds.value;
  writeFileSync(join(folder, "config.json"), JSON.stringify(valid.value));
  await expect(readPolicyDescription(folder)).rejects.toMatchObject({
    code: "wrong-layout",
    message: expect.stringContaining("expected a policy, got pistar_value"),
  });
  expect(await withField("policy", ["type"], "pi05")).toMatchObject({
    code: "wrong-layout",
    message: expect.stringContaining("got one of others (pi05)"),
  });
  expect(await withField("policy", ["type"], undefined)).toMatchObject({ code: "wrong-layout" });
});

test("the files beside config.json are checked too", async () => {
  const broken = async (change: (folder: string) => void) => {
    const folder = mkdtempSync(join(root, "copy-"));
    cpSync(kinds.policy.folder, folder, { recursive: true });
    writeFileSync(join(folder, "config.json"), JSON.stringify(valid.policy));
    change(folder);
    return readPolicyDescription(folder).catch((error: unknown) => error);
  };
  const statistics = "policy_preprocessor_step_0_normalizer_processor.safetensors";
  const file = (name: string, content: string) => (folder: string) => writeFileSync(join(folder, name), content);
  const without = (name: string) => (folder: string) => rmSync(join(folder, name));
  expect(await broken(file("config.json", "{ half"))).toMatchObject({ code: "damaged-file" });
  for (const content of ["{ half", "[]", "null", "{}", '{"model": 3}'])
    expect(await broken(file("tokenizer.json", content)), content).toMatchObject({
      code: "damaged-file",
      path: expect.stringContaining("tokenizer.json"),
    });
  expect(await broken(file(statistics, "short"))).toMatchObject({ code: "damaged-file" });
  for (const name of ["tokenizer.json", statistics])
    expect(await broken(without(name))).toMatchObject({ code: "missing-file", path: expect.stringContaining(name) });
  // The pointers of a run: links as LeRobot makes them, files as pistar does, with the run or by themselves.
  const run = mkdtempSync(join(root, "run-"));
  cpSync(kinds.policy.folder, join(run, "checkpoints/000010/pretrained_model"), { recursive: true });
  const found = join(run, "checkpoints/000010/pretrained_model");
  writeFileSync(join(run, "checkpoints/last"), "000010");
  for (const path of [run, join(run, "checkpoints/last"), join(run, "checkpoints/last/pretrained_model")])
    expect(realpathSync(findCheckpoint(path, "last"))).toBe(realpathSync(found));
  rmSync(join(run, "checkpoints/last"));
  symlinkSync("000010", join(run, "checkpoints/last"));
  for (const path of [run, join(run, "checkpoints/last"), join(run, "checkpoints/last/pretrained_model")])
    expect(realpathSync(findCheckpoint(path, "last"))).toBe(realpathSync(found));
  expect(() => findCheckpoint(join(root, "nothing"), "last")).toThrow(
    expect.objectContaining({ code: "missing-file" }),
  );
});
