// A check of all goals on an emulated line, for every test.
import type { Limits } from "../safety.ts";
import { countsPerDegree } from "../safety.ts";
import type { SeenGoal } from "./chain.ts";

/**
 * The goals that break the limits. A goal may be at most speed · dt from the goal before; dt is at most one and a half control periods. The joint's
 * present position is always allowed: the arm holds.
 */
export function goalsBeyondLimits(goals: readonly SeenGoal[], limits: Pick<Limits, "speed">, fps: number): SeenGoal[] {
  const last = new Map<number, SeenGoal>();
  return goals.filter((goal) => {
    const before = last.get(goal.id);
    last.set(goal.id, goal);
    if (goal.goal === goal.position) return false;
    if (!before) return true;
    const seconds = Math.min(goal.at - before.at, 1500 / fps) / 1000;
    return Math.abs(goal.goal - before.goal) > limits.speed * countsPerDegree * seconds + 1e-6;
  });
}
