import { expect, test } from "vitest";
import type { Operator, Tick } from "../robot/index.ts";
import { controlAfter } from "../rollout/index.ts";
import { defaultPatience, LiveOperator } from "./live-operator.ts";
import type { Input } from "./protocol.ts";

const judge: Operator = {
  id: "judge",
  reset() {},
  decide: () => "continue",
  targets: () => undefined,
  judge: () => false,
  release() {},
};

/** An operator with a clock in hand, and the control loop's part around it. */
function sitting() {
  const given = { time: 0, age: 40 as number | undefined, grasps: 0, inputs: 0 };
  const operator = new LiveOperator({
    hand: {
      begin() {
        given.grasps++;
      },
      move: () => [1, 2, 3, 4, 5, 6],
    },
    judge,
    now: () => given.time,
    pictureAge: () => given.age,
    patience: defaultPatience,
  });
  let control: Tick["control"] = "autonomous";
  operator.reset(0);
  return {
    operator,
    given,
    hear: (held: boolean, age = 30, more: Partial<Input> = {}) =>
      operator.hear({ n: ++given.inputs, seen: 0, held, speed: [1, 0, 0, 0, 0], ...more }, age),
    /** One control period, 40 ms later. */
    tick(ms = 40) {
      given.time += ms;
      const tick: Tick = { step: 0, seconds: given.time / 1000, control, held: false };
      const decision = operator.decide(tick);
      control = controlAfter(control, decision);
      const targets = control === "correcting" ? operator.targets() : undefined;
      return { decision, control, moves: targets !== undefined };
    },
  };
}

test("a person takes over, moves, lets go, and hands back", () => {
  const { operator, hear, tick, given } = sitting();
  hear(false);
  expect(tick().control).toBe("autonomous");
  expect(operator.actor).toBe("policy");
  expect(operator.ask("take over")).toBeUndefined();
  hear(true);
  expect(tick().control).toBe("paused");
  expect(tick()).toEqual({ decision: "correct", control: "correcting", moves: true });
  expect(operator.actor).toBe("you");
  hear(false);
  expect(tick()).toEqual({ decision: "continue", control: "correcting", moves: false });
  hear(true);
  tick();
  expect(given.grasps).toBe(2); // each grasp begins at the hand's present pose
  operator.ask("hand back");
  expect(tick().control).toBe("autonomous");
});

test("silence: after 150 ms the hand stays, after 500 ms the arm is held, after 5 s the episode is discarded", () => {
  const { operator, hear, tick } = sitting();
  operator.ask("take over");
  hear(true);
  tick();
  expect(tick().moves).toBe(true); // 80 ms
  expect(tick(71)).toMatchObject({ control: "correcting", moves: false }); // 151 ms
  expect(tick(340).control).toBe("correcting"); // 491 ms
  expect(tick(10).control).toBe("paused"); // 501 ms
  expect(operator.notice).toMatch(/not heard/);
  expect(tick(4490).decision).toBe("continue"); // 4991 ms
  expect(tick(10).decision).toBe("discard");
  expect(operator.notice).toMatch(/Nobody was at the page/);
});

test("silence holds the arm while the policy acts too; a person who returns goes on", () => {
  const { operator, hear, tick } = sitting();
  hear(false);
  expect(tick(501).control).toBe("paused");
  expect(tick(3000).control).toBe("paused");
  hear(false);
  expect(tick().control).toBe("paused"); // nothing moves by itself
  operator.ask("continue");
  expect(tick().control).toBe("autonomous");
});

test("an old input, or one out of order, counts as none", () => {
  const { operator, hear, tick } = sitting();
  operator.ask("take over");
  hear(true);
  tick();
  tick();
  for (let i = 0; i < 20; i++) {
    hear(true, 201);
    tick();
  }
  expect(tick().control).toBe("paused");
  const other = sitting();
  other.hear(true, 30, { n: 7 });
  for (let i = 0; i < 20; i++) {
    other.hear(true, 30, { n: 7 });
    other.tick();
  }
  expect(other.tick().control).toBe("paused");
});

test("no take-over by an old picture, and none goes on", () => {
  const { operator, hear, tick, given } = sitting();
  hear(false);
  given.age = 301;
  expect(operator.ask("take over")).toMatch(/too old/);
  given.age = undefined;
  expect(operator.ask("take over")).toMatch(/too old/);
  given.age = 300;
  expect(operator.ask("take over")).toBeUndefined();
  tick();
  hear(true);
  expect(tick().control).toBe("correcting");
  given.age = 301;
  hear(true);
  expect(tick().control).toBe("paused");
  expect(operator.notice).toMatch(/too old/);
  given.age = 40;
  hear(true);
  expect(tick().control).toBe("paused");
});

test("a picture that grows old between the question and the take-over", () => {
  const { operator, hear, tick, given } = sitting();
  hear(false);
  operator.ask("take over");
  tick();
  given.age = 500;
  expect(tick().control).toBe("paused");
  given.age = 40;
  expect(tick().control).toBe("paused");
});

test("a page that loses the focus holds the arm at once", () => {
  const { operator, hear, tick } = sitting();
  operator.ask("take over");
  hear(true);
  tick();
  tick();
  operator.away("the page lost the focus");
  expect(tick()).toMatchObject({ control: "paused", moves: false });
  expect(operator.notice).toMatch(/lost the focus/);
});

test("verdicts count at once, whatever the network does", () => {
  for (const verdict of ["success", "failure", "discard"] as const) {
    const { operator, tick } = sitting();
    operator.ask(verdict);
    expect(tick(700).decision).toBe(verdict);
  }
  const { operator, tick } = sitting();
  operator.ask("again");
  expect(tick().decision).toBe("discard");
  expect(operator.again()).toBe(true);
});

test("nothing is asked of an operator without an episode", () => {
  const { operator } = sitting();
  operator.release();
  expect(operator.ask("take over")).toMatch(/No episode/);
});
