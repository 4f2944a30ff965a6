// When which action of which chunk is sent: a policy whose actions say when they were asked for and for which period.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Trouble } from "../robot/driver.ts";
import type { Observation, Policy } from "../robot/index.ts";
import { type DriverOptions, PolicyDriver } from "./policy-driver.ts";

const joints = [
  { name: "asked", range: [0, 1000] as const },
  { name: "for", range: [0, 1000] as const },
];
const horizon = 10;

/** Actions are [period of the question, period that the action is for]. */
const clock: Policy = {
  id: "clock",
  async reset() {},
  async infer({ state }) {
    const actions = new Float32Array(horizon * 2);
    for (let i = 0; i < horizon; i++) actions.set([state[0]!, state[0]! + i], 2 * i);
    return { actions, horizon };
  },
  async close() {},
};

const defaults = {
  joints,
  fps: 10,
  chunking: "async",
  executeSteps: 4,
  latency: 0,
  deadline: 0.05,
  realTime: false,
} as const;

/** Runs periods 0, 1, …; gives for each what was sent, as text, and the troubles. */
async function run(
  policy: Policy,
  periods: number,
  options: Partial<DriverOptions> = {},
  before: (step: number, driver: PolicyDriver) => void | Promise<void> = () => {},
) {
  const driver = new PolicyDriver(policy, { ...defaults, ...options });
  const troubles: Trouble[] = [];
  const sent: string[] = [];
  await driver.reset(0);
  for (let step = 0; step < periods; step++) {
    await before(step, driver);
    const targets = await driver.next({
      step,
      observe: async (): Promise<Observation> => ({
        images: {},
        state: Float32Array.of(step, 0),
        task: "tell the time",
      }),
      report: (kind, message) => troubles.push({ step, kind, message }),
    });
    sent.push(targets ? `${targets[0]}>${targets[1]}` : "-");
  }
  return { sent: sent.join(" "), troubles, borders: driver.borders };
}

test("part of a chunk is executed, then the next one is, and each action is for its own period", async () => {
  const { sent, troubles } = await run(clock, 9);
  expect(sent).toBe("0>0 0>1 0>2 0>3 4>4 4>5 4>6 4>7 8>8");
  expect(troubles).toEqual([]);
});

test("with latency the next chunk is asked for ahead, and its actions for periods acted meanwhile are skipped", async () => {
  const { sent, troubles } = await run(clock, 13, { latency: 2 });
  // Holds still until the first answer: then nothing was acted, and nothing is skipped.
  expect(sent).toBe("- - 0>0 0>1 0>2 0>3 4>6 4>7 4>8 4>9 8>10 8>11 8>12");
  expect(troubles).toEqual([]);
});

test("a latency longer than what is executed goes on with the old chunk; when that has run out the robot holds still", async () => {
  const { sent } = await run(clock, 16, { latency: 6 });
  expect(sent).toBe("- - - - - - 0>0 0>1 0>2 0>3 0>4 0>5 6>12 6>13 6>14 6>15");
  const { sent: held, troubles } = await run(clock, 26, { latency: 12 });
  expect(held).toMatch(/^(- ){12}0>0 .* 0>9 - - /);
  expect(troubles[0]).toMatchObject({ step: 22, kind: "late" });
});

test("sync: the robot holds still while the next chunk is computed, and none of its actions is skipped", async () => {
  const { sent, borders } = await run(clock, 14, { chunking: "sync", latency: 2 });
  expect(sent).toBe("- - 0>0 0>1 0>2 0>3 - - 6>6 6>7 6>8 6>9 - -");
  expect(borders).toEqual([{ before: Float32Array.of(0, 3), after: Float32Array.of(6, 6) }]);
  const { sent: prompt } = await run(clock, 9, { chunking: "sync" });
  expect(prompt).toBe("0>0 0>1 0>2 0>3 4>4 4>5 4>6 4>7 8>8");
});

/** A clock that continues, and what it was told was left. */
function continuing() {
  const told: (readonly [actions: readonly number[], delay: number] | undefined)[] = [];
  const policy: Policy = {
    ...clock,
    continues: true,
    infer(request) {
      const { leftover } = request;
      told.push(leftover && [[...leftover.actions], leftover.delay]);
      return clock.infer(request);
    },
  };
  return { policy, told };
}

const left = (asked: number, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => [asked, from + i]).flat();

test("rtc: the policy is told what is left of the present chunk, from the period of the question on, and the delay", async () => {
  const { policy, told } = continuing();
  const { sent, borders } = await run(policy, 13, { chunking: "rtc", latency: 2 });
  expect(sent).toBe("- - 0>0 0>1 0>2 0>3 4>6 4>7 4>8 4>9 8>10 8>11 8>12");
  expect(told).toEqual([undefined, [left(0, 2, 9), 2], [left(4, 8, 13), 2], [left(8, 12, 17), 2]]);
  expect(borders.map(({ before, after }) => [before[1], after[1]])).toEqual([
    [3, 6],
    [9, 10],
  ]);
  const without = continuing();
  await run(without.policy, 13, { latency: 2 });
  expect(without.told).toEqual([undefined, undefined, undefined, undefined]);
});

test("rtc: the delay is the largest measured of late, and forgotten with the episode", async () => {
  const { policy, told } = continuing();
  let answer = () => {};
  const held = () =>
    new Promise<void>((resolve) => {
      answer = resolve;
    });
  const slow: Policy = {
    ...policy,
    infer: async (...asked) => {
      const chunk = await policy.infer(...asked);
      if (told.length === 2) await held();
      return chunk;
    },
  };
  // In real time, with an estimate of one period. The second question, of period 3, is answered in period 6; the others at once.
  const driver = new PolicyDriver(slow, { ...defaults, chunking: "rtc", latency: 1, deadline: 1, realTime: true });
  for (const episode of [0, 1]) {
    told.length = 0;
    await driver.reset(episode);
    for (let step = 0; step < 16; step++) {
      if (step === 6) answer();
      await sleep(1);
      await driver.next({
        step,
        observe: async () => ({ images: {}, state: Float32Array.of(step, 0), task: "" }),
        report: (_, message) => expect.fail(message),
      });
    }
    expect(told.slice(0, 4).map((known) => known?.[1])).toEqual([undefined, 1, 3, 3]);
    driver.interrupt();
  }
});

test("rtc of a policy that cannot continue chunks is refused", () => {
  expect(() => new PolicyDriver(clock, { ...defaults, chunking: "rtc" })).toThrow(
    /whose chunks can continue.*got clock/,
  );
});

test("after a take-over it asks anew, and there is no border", async () => {
  const { sent, borders } = await run(clock, 6, {}, (step, driver) => {
    if (step === 2) driver.interrupt();
  });
  expect(borders).toEqual([]);
  expect(sent).toBe("0>0 0>1 2>2 2>3 2>4 2>5");
});

test("in real time an answer counts when it is there", async () => {
  const slow: Policy = { ...clock, infer: (observation) => sleep(25).then(() => clock.infer(observation)) };
  const { sent, troubles } = await run(slow, 40, { realTime: true, latency: 3, deadline: 1 }, () => sleep(10));
  const actions = sent.replace(/^(- )+/, "");
  expect(actions).not.toContain("-");
  expect(troubles).toEqual([]);
  expect(new Set(actions.split(" ").map((pair) => pair.split(">")[0])).size).toBeGreaterThan(3);
});

const failing = (infer: Policy["infer"]): Policy => ({ ...clock, infer });

test.each([
  ["error", failing(async () => Promise.reject(new Error("out of memory"))), "out of memory"],
  [
    "wrong shape",
    failing(async () => ({ actions: new Float32Array(5), horizon: 2 })),
    "[2, 2] actions, that is 4 numbers, got 5",
  ],
  ["wrong shape", failing(async () => ({ actions: [1, 2] as never, horizon: 1 })), "Float32Array"],
  ["wrong shape", failing(async () => undefined as never), "Float32Array"],
  [
    "not finite",
    failing(async () => ({ actions: Float32Array.of(1, 2, 3, Number.NaN), horizon: 2 })),
    "for, got NaN in action 1",
  ],
  ["late", failing(() => new Promise(() => {})), "has not answered for 0.05 s"],
] as const)("%s: said once a second, and held still", async (kind, policy, message) => {
  const { sent, troubles } = await run(policy, 15);
  expect(sent).toBe(Array(15).fill("-").join(" "));
  expect(troubles[0]).toMatchObject({ step: 0, kind, message: expect.stringContaining(message) });
  expect(troubles.map(({ step }) => step)).toEqual(kind === "late" ? [0] : [0, 10]);
});

test("a policy that recovers goes on, and one that cannot begin an episode holds still through it", async () => {
  let asked = 0;
  const once = failing((observation) =>
    asked++ === 0 ? Promise.reject(new Error("hiccup")) : clock.infer(observation),
  );
  const { sent, troubles } = await run(once, 12);
  expect(sent).toBe("- - - - - - - - - - 10>10 10>11");
  expect(troubles).toHaveLength(1);
  const unready = { ...clock, reset: () => Promise.reject(new Error("no such checkpoint")) };
  const begun = await run(unready, 3);
  expect(begun.sent).toBe("- - -");
  expect(begun.troubles).toEqual([{ step: 0, kind: "error", message: expect.stringContaining("no such checkpoint") }]);
});

test("options that make no sense are refused", () => {
  expect(() => new PolicyDriver(clock, { ...defaults, executeSteps: 0 })).toThrow("executeSteps");
  expect(() => new PolicyDriver(clock, { ...defaults, latency: -1 })).toThrow("latency");
});

test("a policy that says subtasks is told its last one until a second has passed, and says a new one after a take-over", async () => {
  const asked: string[] = [];
  const speaker: Policy = {
    ...clock,
    async infer(request) {
      asked.push(`${request.state[0]}:${request.subtask ?? "?"}`);
      return { ...(await clock.infer(request)), subtask: request.subtask ?? `said at ${request.state[0]}` };
    },
  };
  const heard: (string | undefined)[] = [];
  const note = (_: number, driver: PolicyDriver) => {
    heard.push(driver.subtask);
  };
  // Ten periods a second, a question every four.
  await run(speaker, 21, {}, note);
  expect(asked).toEqual(["0:?", "4:said at 0", "8:said at 0", "12:?", "16:said at 12", "20:said at 12"]);
  expect([heard[0], heard[1], heard[12], heard[13]]).toEqual([undefined, "said at 0", "said at 0", "said at 12"]);
  asked.length = 0;
  await run(speaker, 9, { subtaskRate: 5 });
  expect(asked).toEqual(["0:?", "4:?", "8:?"]);
  asked.length = 0;
  await run(speaker, 8, {}, (step, driver) => {
    if (step === 6) driver.interrupt();
  });
  expect(asked).toEqual(["0:?", "4:said at 0", "6:?"]);
  expect(() => new PolicyDriver(speaker, { ...defaults, subtaskRate: 0 })).toThrow("a rate of subtasks above 0");
});
