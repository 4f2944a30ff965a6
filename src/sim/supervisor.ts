// Watches a rollout as a person with the take-over key would: sees that it stalls, grasps at nothing, drops what it held, is about to spoil
// the attempt or runs out of time, takes a moment to react, corrects by the task's script, and hands back when the object is in the gripper
// again, or finishes the task. What is lost it gives up.

import type { Decision, Operator, Tick } from "../robot/index.ts";
import { type Random, random } from "../system/index.ts";
import { Arm } from "./arm.ts";
import { Demonstration } from "./demonstrator.ts";
import { bestStyle, sampleStyle } from "./style.ts";
import type { Task } from "./task.ts";
import type { World } from "./world.ts";

/** Seconds for which nothing has moved by which a rollout has stalled, and metres below which that is nothing. */
const stall = { seconds: 2.5, metres: 0.006 };
/** Distances of the finger tips at which the jaws are open and closed, metres, and seconds after which an empty grasp is seen to be one. */
const jaws = { open: 0.035, closed: 0.021, seconds: 0.3 };
/** Seconds after letting go by which the goal should be reached. */
const settle = 1.5;
/**
 * Shares of the time limit: how long a person waits for success, for how much longer after handing back and while something is held, and until
 * when control is handed back at all.
 */
const patience = { first: 0.4, more: 0.25, handBack: 0.6 };
/** Seconds that an object must be held to count as grasped, and metres that it must have been lifted to be handed back. */
const grasp = { seconds: 0.3, metres: 0.03 };
/** Shortest and longest time from seeing the trouble to pressing the key, and from there to moving the arm, seconds. */
const reaction = { notice: [0.3, 0.9], begin: [0.2, 0.5] } as const;

export class Supervisor implements Operator {
  readonly id = "supervisor";
  private readonly task: Task;
  private readonly world: World;
  /** Only looks: corrections have arms of their own. */
  private readonly eyes: Arm;
  private random: Random = random(0);
  private demonstration: Demonstration | undefined;
  private takeOvers = 0;
  /** When it will do what it has decided to do, seconds. */
  private actAt: number | undefined;
  private handsBack = false;
  private patientUntil = 0;
  private movedAt = 0;
  private places: number[] = [];
  private heldSince: number | undefined;
  private heldFrom = 0;
  private releasedAt: number | undefined;
  private wasOpen = false;
  private emptySince: number | undefined;

  constructor(task: Task, world: World) {
    this.task = task;
    this.world = world;
    this.eyes = new Arm(world, bestStyle, this.random);
  }

  reset(seed: number): void {
    this.release();
    this.random = random(seed).split("supervisor");
    this.takeOvers = 0;
    this.patientUntil = patience.first * this.task.timeLimit;
    this.forget(0);
  }

  decide(tick: Tick): Decision {
    this.look(tick.seconds);
    if (this.isLost()) return this.isTime(tick, reaction.notice) ? "failure" : "continue";
    switch (tick.control) {
      case "autonomous":
        if (!this.isInTrouble(tick)) this.actAt = undefined;
        else if (this.isTime(tick, reaction.notice)) return "pause";
        return "continue";
      case "paused":
        if (!this.isTime(tick, reaction.begin)) return "continue";
        // A person who has to help twice no longer trusts it.
        this.handsBack = this.random.uniform() < 0.5 && this.takeOvers === 0 && this.hasTime(tick.seconds);
        this.takeOvers++;
        this.demonstrate();
        return "correct";
      case "correcting":
        this.actAt = undefined;
        if (!(this.handsBack && this.hasTime(tick.seconds) && this.hasLifted(tick.seconds))) return "continue";
        this.release();
        this.patientUntil = tick.seconds + patience.more * this.task.timeLimit;
        this.forget(tick.seconds);
        return "hand back";
    }
  }

  targets(): readonly number[] | undefined {
    const targets = this.demonstration!.next();
    if (targets) return targets;
    // The script gave up, or it thought that it was done: try again.
    this.demonstrate();
    return this.demonstration!.next();
  }

  release(): void {
    this.demonstration?.close();
    this.demonstration = undefined;
  }

  close(): void {
    this.release();
    this.eyes.close();
  }

  private demonstrate(): void {
    this.release();
    const style = sampleStyle(this.random);
    // Who helps hurries, takes care, and does not give up.
    const { speed, sloppiness } = style;
    const helping = { ...style, speed: Math.max(0.8, speed), sloppiness: Math.min(0.004, sloppiness), tries: 4 };
    this.demonstration = new Demonstration(this.task, this.world, helping, this.random);
  }

  /** What it saw before no longer counts. */
  private forget(seconds: number): void {
    this.actAt = undefined;
    this.movedAt = seconds;
    this.places = [];
    this.heldSince = undefined;
    this.releasedAt = undefined;
    this.wasOpen = false;
    this.emptySince = undefined;
  }

  /** Keeps track of what moves and of what is held. */
  private look(seconds: number): void {
    const { physics } = this.world;
    const places = [...this.eyes.position, ...this.task.objects.flatMap((body) => physics.pose(body).position)];
    if (this.places.length === 0 || places.some((x, i) => Math.abs(x - this.places[i]!) > stall.metres)) {
      this.places = places;
      this.movedAt = seconds;
    }
    const held = this.heldObject();
    if (this.eyes.gap > jaws.open) this.wasOpen = true;
    if (held !== undefined || this.eyes.gap > jaws.closed) this.emptySince = undefined;
    else if (this.wasOpen) this.emptySince ??= seconds;
    if (held !== undefined) {
      this.heldFrom = this.heldSince === undefined ? physics.pose(held).position[2] : this.heldFrom;
      this.heldSince ??= seconds;
      this.releasedAt = undefined;
    } else if (this.heldSince !== undefined) {
      // A touch in passing is no grasp that could be dropped.
      if (seconds - this.heldSince >= grasp.seconds) this.releasedAt = seconds;
      this.heldSince = undefined;
    }
  }

  private isLost(): boolean {
    return this.heldSince === undefined && this.task.isLost?.(this.world.physics) === true;
  }

  private isInTrouble({ seconds, held }: Tick): boolean {
    if (this.task.reached(this.world.physics, this.world.instruction)) return false;
    const stalled = seconds - this.movedAt > (held ? 1 : stall.seconds);
    const missed = this.emptySince !== undefined && seconds - this.emptySince > jaws.seconds;
    const dropped = this.releasedAt !== undefined && seconds - this.releasedAt > settle;
    const late = seconds > this.patientUntil + (this.heldSince === undefined ? 0 : patience.more * this.task.timeLimit);
    const risky = this.task.isAtRisk?.(this.world.physics, this.eyes) === true;
    return stalled || missed || dropped || late || risky;
  }

  /** Whether the policy could still finish by itself. */
  private hasTime(seconds: number): boolean {
    return seconds < patience.handBack * this.task.timeLimit;
  }

  private hasLifted(seconds: number): boolean {
    const held = this.heldObject();
    if (held === undefined || this.heldSince === undefined) return false;
    const lifted = this.world.physics.pose(held).position[2] - this.heldFrom;
    return seconds - this.heldSince >= grasp.seconds && lifted >= grasp.metres;
  }

  private heldObject(): string | undefined {
    return this.task.objects.find((body) => this.eyes.holds(body));
  }

  /** Whether the delay since it first wanted to act, drawn then, has passed. */
  private isTime({ seconds }: Tick, [shortest, longest]: readonly [number, number]): boolean {
    this.actAt ??= seconds + shortest + this.random.uniform() * (longest - shortest);
    if (seconds < this.actAt) return false;
    this.actAt = undefined;
    return true;
  }
}
