import { expect, test } from "vitest";
import { PictureFlow } from "./picture-flow.ts";

test("a camera's next picture waits until the last is drawn", () => {
  const flow = new PictureFlow(2);
  expect(flow.age(0)).toBeUndefined();
  const first = flow.send(0, 100);
  expect(flow.isReady(0)).toBe(false);
  expect(flow.isReady(1)).toBe(true);
  flow.drawn(0, first + 7); // never sent
  flow.drawn(9, first);
  expect(flow.isReady(0)).toBe(false);
  flow.drawn(0, first);
  expect(flow.isReady(0)).toBe(true);
  expect(flow.age(180)).toBe(80);
  flow.send(0, 200);
  expect(flow.age(600)).toBe(500); // the picture that is shown, not the one on its way
});
