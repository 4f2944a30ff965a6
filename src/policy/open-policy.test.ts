// Policies of users' own modules: what a module exports and returns is checked before a robot is driven by it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openPolicy } from "./open-policy.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-module-"));
afterAll(() => rmSync(folder, { recursive: true }));
let modules = 0;

function module(source: string): string {
  const path = join(folder, `policy-${modules++}.mjs`);
  writeFileSync(path, source);
  return path;
}

const returning = (policy: string) => module(`export const createPolicy = () => (${policy});`);
const whole =
  '{ id: "mine", async reset() {}, async infer() { return { actions: new Float32Array(6), horizon: 1 }; }, async close() {} }';

test("a module's policy is opened, of a class too", async () => {
  expect(await openPolicy(returning(whole))).toMatchObject({ id: "mine" });
  const path = module(`class Policy { id = "mine"; async reset() {} async infer() {} async close() {} }
    export async function createPolicy(joints) { return Object.assign(new Policy(), { id: joints[0].name }); }`);
  expect(await openPolicy(path)).toMatchObject({ id: "shoulder_pan.pos" });
});

test.each([
  ["nothing", "undefined", "expected an object, got nothing"],
  ["no id", whole.replace('id: "mine", ', ""), "id: expected text, got nothing"],
  ["a number as id", whole.replace('"mine"', "3"), "id: expected text, got 3"],
  ["no reset", whole.replace("async reset() {}, ", ""), "reset: expected a function, got nothing"],
  [
    "text as infer",
    whole.replace(/async infer.*?\}; \}, |async infer.*\}; \}/, 'infer: "later", '),
    'infer: expected a function, got "later"',
  ],
  ["no close", whole.replace(", async close() {}", ""), "close: expected a function, got nothing"],
  ["text as continues", whole.replace("}", '}, continues: "yes"'), 'continues: expected true or false, got "yes"'],
])("a module that returns %s is refused", async (_, policy, message) => {
  await expect(openPolicy(returning(policy))).rejects.toMatchObject({
    code: "wrong-layout",
    message: expect.stringContaining(message),
  });
});

test("a module that is missing, cannot be loaded, exports nothing or throws is named", async () => {
  const missing = join(folder, "missing.mjs");
  await expect(openPolicy(missing)).rejects.toMatchObject({ code: "missing-file", path: missing });
  const broken = module("export const createPolicy = (");
  await expect(openPolicy(broken)).rejects.toMatchObject({ code: "damaged-file", path: broken });
  const empty = module("export const policy = 3;");
  await expect(openPolicy(empty)).rejects.toMatchObject({
    code: "wrong-layout",
    message: `${empty}: createPolicy: expected a function, got nothing`,
  });
  const failing = module('export function createPolicy() { throw new Error("no camera"); }');
  await expect(openPolicy(failing)).rejects.toThrow(`${failing}: createPolicy failed: no camera`);
});
