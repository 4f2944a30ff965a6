import { expect, test } from "vitest";
import { checkOutside } from "./options.ts";
import { fill } from "./template.ts";
import { stepIn } from "./train.ts";

test("places are filled in and quoted for a shell; the shell's own variables are left alone", () => {
  const home = `$${"{HOME}"}`;
  const command = `cd ${home}/openpi && python train.py --data={dataset} {from} --n {steps}`;
  expect(fill(command, { dataset: "/my runs/it's", from: "", steps: 30 })).toBe(
    `cd ${home}/openpi && python train.py --data='/my runs/it'\\''s' '' --n 30`,
  );
});

const [trainer, server] = ["train {dataset} {out}", "serve {checkpoint} {port}"];
test.each([
  [{ server }, "--server: of no use without --trainer"],
  [{ trainer }, "--server: expected the command that serves a checkpoint"],
  [{ trainer: "train {out}", server }, "--trainer: expected {dataset} or {dataset_v21} in it"],
  [{ trainer: "train {dataset} {out} {epochs}", server }, "--trainer: expected only {dataset}"],
  [{ trainer, server: "serve {checkpoint}" }, "--server: expected {port} in it"],
  [{ trainer, server, checkpoint: "last" }, "--checkpoint: expected {out} in it"],
  [{ trainer, server, policy: "pi05" }, "--policy: expected a URL such as ws://localhost:8000, got pi05"],
])("%o is refused", (options, message) => {
  expect(() => checkOutside(options)).toThrow(message);
});

test("awr, which weights frames, is refused with a trainer", () => {
  expect(() => checkOutside({ trainer, server }, ["filtered", "awr"])).toThrow("--controls: awr weights the loss");
  expect(() => checkOutside({ trainer, server }, ["filtered"])).not.toThrow();
  expect(() => checkOutside({ trainer }, [], false)).not.toThrow();
});

test.each([
  ["step: 100 loss: 0.2", 100],
  ["INFO step:2K smpl:16K loss:0.1", 2000],
  ["Step 30: grad_norm=1", 30],
  ["loading", 0],
])("the step in %j is %d", (line, step) => {
  expect(stepIn(line)).toBe(step);
});
