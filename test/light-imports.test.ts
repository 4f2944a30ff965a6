// pistar/serve (a robot's client) and pistar/recap (an analysis) load without the training engine.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/** The parts of ONNX Runtime in a process that has imported a folder of src: its JavaScript modules and its native libraries. */
function engineParts(folder: string): string[] {
  const script = `
    import { createRequire } from "node:module";
    await import(${JSON.stringify(join(import.meta.dirname, "../src", folder, "index.ts"))});
    const loaded = [...Object.keys(createRequire(import.meta.url).cache), ...process.report.getReport().sharedObjects];
    console.log(JSON.stringify(loaded.filter((path) => path.includes("onnxruntime"))));`;
  const parameters = ["--import", "tsx", "--input-type=module", "--eval", script];
  return JSON.parse(execFileSync(process.execPath, parameters, { encoding: "utf8", cwd: import.meta.dirname }));
}

test.each(["serve", "recap", "robot", "data"])("pistar/%s does not load ONNX Runtime", (folder) => {
  expect(engineParts(folder)).toEqual([]);
});

test("what loads it is found", () => {
  expect(engineParts("tensor")).not.toEqual([]);
});
