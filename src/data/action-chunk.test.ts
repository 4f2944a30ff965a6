import fc from "fast-check";
import { expect, test } from "vitest";
import { actionChunk } from "./action-chunk.ts";

test("by hand: from the last but one frame of an episode, four steps with room for three numbers", () => {
  const actions = Float32Array.of(1, 2, 3, 4, 5, 6, 99, 99); // 4 frames of 2; the episode ends before the last
  const chunk = new Float32Array(12);
  const isPad = new Uint8Array(4);
  actionChunk(actions, 2, 1, 3, chunk, isPad);
  expect([...chunk]).toEqual([3, 4, 0, 5, 6, 0, 5, 6, 0, 5, 6, 0]);
  expect([...isPad]).toEqual([0, 0, 1, 1]);
});

test("as many steps are real as the episode has left, and never one of the next episode", () => {
  const place = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(29), fc.integer({ min: 1, max: 60 }));
  fc.assert(
    fc.property(place, ([end, at, horizon]) => {
      const frame = at % end;
      const actions = Float32Array.from({ length: 40 }, (_, index) => index);
      const chunk = new Float32Array(horizon);
      const isPad = new Uint8Array(horizon);
      actionChunk(actions, 1, frame, end, chunk, isPad);
      expect(isPad.filter((pad) => pad === 0).length).toBe(Math.min(horizon, end - frame));
      expect(Math.max(...chunk)).toBeLessThan(end);
      for (const [step, action] of chunk.entries()) if (!isPad[step]) expect(action).toBe(frame + step);
    }),
  );
});
