import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type EpisodeChoice,
  episodeChoices,
  isChosen,
  splitEpisodes,
  spreadFrames,
  succeeded,
  type TrainingEpisode,
} from "./training-data.ts";

const episodes = fc
  .array(fc.record({ task: fc.constantFrom("a", "b"), success: fc.boolean(), length: fc.integer({ min: 1, max: 50 }) }))
  .map((all) => all.map((one, episode): TrainingEpisode => ({ ...one, dataset: 0, episode })));

test("of ten demonstrations with four instructions one is held out, of four hundred a tenth of each instruction", () => {
  const all = (count: number) =>
    Array.from(
      { length: count },
      (_, episode): TrainingEpisode => ({ dataset: 0, episode, length: 9, task: `${episode % 4}`, success: true }),
    );
  expect(splitEpisodes(all(10), 0.1, 0).heldOut.length).toBe(1);
  const { heldOut } = splitEpisodes(all(400), 0.1, 0);
  for (const task of ["0", "1", "2", "3"]) expect(heldOut.filter((one) => one.task === task).length).toBe(10);
});

test("every episode is trained on or held out, whole, successes and failures by their share, and so of every task", () => {
  fc.assert(
    fc.property(episodes, fc.double({ min: 0.05, max: 0.5, noNaN: true }), fc.nat(), (all, share, seed) => {
      const { train, heldOut } = splitEpisodes(all, share, seed);
      expect(new Set([...train, ...heldOut])).toEqual(new Set(all));
      expect(train.length + heldOut.length).toBe(all.length);
      for (const success of [true, false]) {
        const held = (task?: string) => {
          const kind = (one: TrainingEpisode) => one.success === success && (task === undefined || one.task === task);
          return { held: heldOut.filter(kind).length, of: all.filter(kind).length };
        };
        const both = held();
        expect(both.held).toBe(both.of < 2 ? 0 : Math.max(1, Math.round(share * both.of)));
        const [a, b] = [held("a"), held("b")];
        if (a.of > 0 && b.of > 0) expect(Math.abs(a.held / a.of - b.held / b.of)).toBeLessThan(1 / a.of + 1 / b.of);
      }
      expect(splitEpisodes(all, share, seed)).toEqual({ train, heldOut });
    }),
  );
});

test("frames are spread over every episode, the first and last among them", () => {
  fc.assert(
    fc.property(episodes, fc.integer({ min: 1, max: 200 }), (all, total) => {
      const frames = spreadFrames(all, total);
      for (const [at, { length }] of all.entries()) {
        const own = frames.filter(([episode]) => episode === at).map(([, frame]) => frame);
        expect(new Set(own).size).toBe(own.length);
        expect(own[0]).toBe(0);
        expect(own.at(-1)).toBe(length === 1 ? 0 : length - 1);
      }
    }),
  );
});

test("demonstrations do not say that they succeeded", () => {
  const episode = (extra: Record<string, unknown>) => ({ index: 3, length: 1, tasks: [], extra });
  expect(succeeded(episode({}))).toBe(true);
  expect(succeeded(episode({ episode_success: "failure" }))).toBe(false);
  expect(() => succeeded(episode({ episode_success: "maybe" }))).toThrow('got "maybe"');
});

test("what an episode counts as is told by its policy, its supervisor and its end", () => {
  const choices = (extra: Record<string, unknown>): EpisodeChoice[] =>
    episodeChoices.filter((choice) => isChosen[choice]({ index: 3, extra }));
  expect(choices({})).toEqual(["all", "demonstrations", "successes", "uncorrected", "uncorrected-successes"]);
  expect(choices({ episode_policy: "demonstrator", episode_supervisor: "none", episode_success: "failure" })).toEqual([
    "all",
    "demonstrations",
    "uncorrected",
  ]);
  expect(choices({ episode_policy: "runs/sft", episode_supervisor: "none", episode_success: "success" })).toEqual([
    "all",
    "successes",
    "uncorrected",
    "uncorrected-successes",
  ]);
  expect(choices({ episode_policy: "runs/sft", episode_supervisor: "scripted", episode_success: "failure" })).toEqual([
    "all",
  ]);
});
