// A person beside a real arm: keys decide, a leader arm corrects.
import type { Decision, Joint, Leader, Operator, Tick } from "../../robot/index.ts";

/** Keys that were pressed. */
export interface Keys {
  /** The next key since the last call: a letter, "space" or "tab". Undefined if none was pressed. */
  next(): string | undefined;
  close(): void;
}

/** The keys of an episode, for help texts. */
export const keyHelp =
  "space pause / hand back   tab correct / pause   s success   f failure   d discard   r discard and repeat";

export interface PersonOptions {
  readonly keys: Keys;
  readonly joints: readonly Joint[];
  /** Where the follower was sent last, in the joints' unit. */
  readonly commanded: () => readonly number[];
  readonly leader?: Leader;
  /** Whether the leader mirrors the follower while the policy acts, so that moving it takes over. */
  readonly mirrors?: boolean;
  readonly say: (text: string) => void;
}

/** Largest gap between leader and follower at a hand-over, in degrees or hundredths of a range; the gripper is excepted. */
const largestGap = 5;
/** Seconds over which a hand-over is blended. */
const blend = 0.3;
/** Seconds without a usable answer of the policy until the person is told. */
const patience = 1;
/** A person moves the leader if its gap to the follower is this large for this many periods. */
const moved = { gap: 8, periods: 3 };

export class Person implements Operator {
  readonly id = "human";
  private readonly options: PersonOptions;
  private movedFor = 0;
  private taken = false;
  private heldSince: number | undefined;
  /** When it last told something that it would repeat. */
  private told = Number.NEGATIVE_INFINITY;
  /** The beginning of a correction: the follower's pose, and the second. */
  private handOver: { readonly pose: readonly number[]; readonly at: number } | undefined;
  private repeat = false;

  constructor(options: PersonOptions) {
    this.options = options;
  }

  reset(): void {
    this.movedFor = 0;
    this.taken = false;
    this.heldSince = undefined;
    this.told = Number.NEGATIVE_INFINITY;
    this.handOver = undefined;
    this.repeat = false;
    while (this.options.keys.next() !== undefined); // keys of the time between episodes
  }

  decide(tick: Tick): Decision {
    const { keys, leader, mirrors } = this.options;
    // In a pause too: a leader without torque would fall.
    const follows = mirrors && tick.control !== "correcting" && !this.taken;
    leader?.refresh(follows ? this.options.commanded() : undefined);
    this.heldSince = tick.held ? (this.heldSince ?? tick.seconds) : undefined;
    if (tick.seconds - (this.heldSince ?? tick.seconds) > patience)
      this.tell(tick.seconds, "the policy gives nothing usable: the arm holds still");
    const key = keys.next();
    if (key === "s") return "success";
    if (key === "f") return "failure";
    if (key === "d" || key === "r") {
      this.repeat = key === "r";
      return "discard";
    }
    switch (tick.control) {
      case "autonomous":
        this.taken = this.isMoved();
        return this.taken || key === "space" ? "pause" : "continue";
      case "paused":
        if (key === "space") return "hand back";
        return (key === "tab" || this.taken) && this.mayTakeOver(tick) ? "correct" : "continue";
      case "correcting":
        this.taken = false;
        return key === "tab" ? "pause" : key === "space" ? "hand back" : "continue";
    }
  }

  targets({ seconds }: Tick): readonly number[] | undefined {
    const pose = this.options.leader?.recent();
    if (!pose) return undefined;
    this.handOver ??= { pose: this.options.commanded(), at: seconds };
    const { pose: from, at } = this.handOver;
    const share = Math.min(1, (seconds - at) / blend);
    return pose.map((value, i) => from[i]! + share * (value - from[i]!));
  }

  again(): boolean {
    return this.repeat;
  }

  release(): void {}

  private isMoved(): boolean {
    const { leader, mirrors } = this.options;
    const pose = mirrors ? leader?.recent() : undefined;
    this.movedFor = pose && this.gapTo(pose).gap > moved.gap ? this.movedFor + 1 : 0;
    return this.movedFor >= moved.periods;
  }

  private mayTakeOver({ seconds }: Tick): boolean {
    const { leader, say } = this.options;
    const pose = leader?.recent();
    if (!pose) {
      this.tell(seconds, leader ? "the leader arm does not answer" : "a correction needs a leader arm");
      return false;
    }
    const { gap, name } = this.gapTo(pose);
    if (gap > largestGap) {
      this.taken = true; // as soon as it is near enough
      this.tell(
        seconds,
        `move the leader to the follower: ${name} is ${gap.toFixed(0)} off, at most ${largestGap} at a hand-over`,
      );
      return false;
    }
    this.handOver = undefined;
    say("you have the arm");
    return true;
  }

  /** The largest gap between leader and follower, the gripper excepted. */
  private gapTo(pose: readonly number[]): { readonly gap: number; readonly name: string } {
    const follower = this.options.commanded();
    const gaps = pose.slice(0, -1).map((value, i) => Math.abs(value - follower[i]!));
    const gap = Math.max(...gaps);
    return { gap, name: this.options.joints[gaps.indexOf(gap)]!.name.replace(".pos", "") };
  }

  /** Says it at most once a second. */
  private tell(seconds: number, text: string): void {
    if (seconds - this.told < 1) return;
    this.told = seconds;
    this.options.say(text);
  }
}
