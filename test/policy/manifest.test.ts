// Every field of an exported policy's manifest.json. A wrong or missing value gives an error with file, field, expected
// and got.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { exportOptions, exportPolicy } from "../../src/policy/index.ts";
import { readManifest } from "../../src/policy/manifest.ts";
import { tinyCheckpoint } from "../train/tiny-checkpoint.ts";
import { expectFault, wrongFields } from "./wrong-fields.ts";

const root = mkdtempSync(join(tmpdir(), "pistar-manifest-"));
afterAll(() => rmSync(root, { recursive: true }));

test("each field with wrong values, and without it", async () => {
  const out = join(root, "exported");
  await tinyCheckpoint(join(root, "policy"));
  await exportPolicy(join(root, "policy"), out, exportOptions.parse({ guidance: 2 }));
  const file = join(out, "manifest.json");
  const valid = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const reading = (json: object) => {
    writeFileSync(file, JSON.stringify(json));
    try {
      return readManifest(out);
    } catch (error) {
      return error;
    }
  };
  expect(reading(valid)).toMatchObject({ horizon: 12 });
  const allowed = {
    about: [""],
    "inputs[0].about": [""],
    "outputs[0].about": [""],
    robot_type: [null, ""],
    "prompt.unconditioned_template": [undefined],
    "normalization.state.center[0]": [-1],
    "normalization.state.scale[0]": [],
    "normalization.actions.center[0]": [-1],
  };
  let tried = 0;
  for (const { name, wrong, json } of wrongFields(valid, allowed)) {
    expectFault(reading(json), file, name, wrong);
    tried++;
  }
  expect(tried).toBeGreaterThan(150);
  expect(reading({ ...valid, format_version: 2 })).toMatchObject({ code: "newer-format" });
  expect(reading({ ...valid, horizon: 11 })).toMatchObject({ message: expect.stringContaining("shape [1, 11, 6]") });
  expect(reading({ ...valid, license: "MIT" })).toMatchObject({ horizon: 12 });
});
