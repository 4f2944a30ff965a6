// A scripted supervisor in place of a person with the take-over key. It takes over when a rollout stalls, grasps at nothing, drops its object,
// is about to spoil the attempt, or runs out of time. It reacts after a moment and corrects by the task's script. It hands back once the
// object is in the gripper again, or finishes the task. It gives up a lost episode.
import type { Decision, Operator, Tick } from "../robot/index.ts";
import { type Random, random } from "../system/index.ts";
import { Arm } from "./arm.ts";
import { Demonstration } from "./demonstrator.ts";
import { bestStyle, sampleStyle } from "./style.ts";
import type { Task } from "./task.ts";
import type { World } from "./world.ts";

/** A rollout has stalled if nothing moved by this many metres for this many seconds. */
const stall = { seconds: 2.5, metres: 0.006 };
/** Distances of the finger tips with open and with closed jaws, metres; and the seconds that it takes to notice an empty grasp. */
const jaws = { open: 0.035, closed: 0.021, seconds: 0.3 };
/** Seconds from letting go to the goal. Beyond them the object was dropped. */
const settle = 1.5;
/**
 * Patience as shares of the time limit. `first`: the wait for success. `more`: the additional wait after handing back, and while an object is
 * held. `handBack`: the last moment to hand back.
 */
const patience = { first: 0.4, more: 0.25, handBack: 0.6 };
/** A grasp takes this many seconds of holding. Handing back wants the object lifted by this many metres. */
const grasp = { seconds: 0.3, metres: 0.03 };
/** Shortest and longest reaction, seconds: from the trouble to the key, and from the key to moving the arm. */
const reaction = { notice: [0.3, 0.9], begin: [0.2, 0.5] } as const;

export class Supervisor implements Operator {
  readonly id = "supervisor";
  private readonly task: Task;
  private readonly world: World;
  /** For looking only. Corrections have their own arms. */
  private readonly eyes: Arm;
  private random: Random = random(0);
  private demonstration: Demonstration | undefined;

  get subtask(): string | undefined {
    return this.demonstration?.subtask;
  }

  private takeOvers = 0;
  /** When it will carry out its decision, seconds. */
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
        // After the second take-over a person no longer trusts the policy.
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
    // The script gave up or believed it was done. Try again.
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
    // A helper hurries, takes care, and does not give up.
    const { speed, sloppiness } = style;
    const helping = { ...style, speed: Math.max(0.8, speed), sloppiness: Math.min(0.004, sloppiness), tries: 4 };
    this.demonstration = new Demonstration(this.task, this.world, helping, this.random);
  }

  /** Forgets its earlier observations. */
  private forget(seconds: number): void {
    this.actAt = undefined;
    this.movedAt = seconds;
    this.places = [];
    this.heldSince = undefined;
    this.releasedAt = undefined;
    this.wasOpen = false;
    this.emptySince = undefined;
  }

  /** Tracks moving objects and the held object. */
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
      // A touch in passing is no grasp.
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

  /** Whether the policy could still finish alone. */
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

  /** Whether the reaction time has passed. It is drawn when the supervisor first wants to act. */
  private isTime({ seconds }: Tick, [shortest, longest]: readonly [number, number]): boolean {
    this.actAt ??= seconds + shortest + this.random.uniform() * (longest - shortest);
    if (seconds < this.actAt) return false;
    this.actAt = undefined;
    return true;
  }
}
