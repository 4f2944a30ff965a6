// The person at the page as an operator: who acts, and what a lost network or an old picture does. It knows neither sockets nor Node, and
// its clock is given, so it runs in a browser too.
import type { Decision, Operator, Tick } from "../robot/index.ts";
import type { HandMove } from "../sim/index.ts";
import type { Command, Input } from "./protocol.ts";

/** Milliseconds. */
export interface Patience {
  /** Without input for longer, the hand stays where it is. */
  readonly hold: number;
  /** Then the arm is held, whoever acts. */
  readonly pause: number;
  /** Then the episode is discarded. */
  readonly discard: number;
  /** A picture that is older allows no take-over, and ends one. */
  readonly picture: number;
  /** An input that is older counts as none. */
  readonly input: number;
}

export const defaultPatience: Patience = { hold: 150, pause: 500, discard: 5000, picture: 300, input: 200 };

/** The hand that a person moves. */
interface MovableHand {
  begin(): void;
  /** Joint targets of the next control period. */
  move(move: HandMove): ArrayLike<number>;
}

export interface LiveOptions {
  readonly hand: MovableHand;
  /** Judges by the task's goal. */
  readonly judge: Operator;
  /** Milliseconds. */
  readonly now: () => number;
  /** Age of the picture that the person sees, milliseconds; undefined if none is shown. */
  readonly pictureAge: () => number | undefined;
  readonly patience: Patience;
}

export class LiveOperator implements Operator {
  readonly id = "human";
  /** Why the arm holds still, or what happened last. */
  notice = "";
  /** Who acts, as of the last control period. */
  actor: "policy" | "held" | "you" = "held";
  private readonly options: LiveOptions;
  private control: Tick["control"] = "autonomous";
  private asked: Decision[] = [];
  private taking = false;
  private running = false;
  private repeat = false;
  private input: Input | undefined;
  private heardAt = Number.NEGATIVE_INFINITY;
  private grasped = false;

  constructor(options: LiveOptions) {
    this.options = options;
  }

  /** @returns why it is refused, or undefined */
  ask(command: Command): string | undefined {
    if (!this.running) return "No episode is running.";
    switch (command) {
      case "hold":
        this.asked.push("pause");
        this.say("You hold the arm.");
        return undefined;
      case "take over": {
        const why = this.blocked();
        if (why) return why;
        this.taking = true;
        this.asked.push("pause");
        return undefined;
      }
      case "continue":
      case "hand back":
        if (this.control === "autonomous") return "The policy acts already.";
        this.asked.push("hand back");
        this.say("");
        return undefined;
      case "success":
      case "failure":
      case "discard":
        this.asked.push(command);
        return undefined;
      case "again":
        this.repeat = true;
        this.asked.push("discard");
        return undefined;
      default:
        return "That does nothing during an episode.";
    }
  }

  /** Hears the page. @param age milliseconds since the state that the person saw */
  hear(input: Input, age: number): void {
    if (age > this.options.patience.input || (this.input && input.n <= this.input.n)) return;
    this.input = input;
    this.heardAt = this.options.now();
  }

  /** The person is not at the page any more. @param why a clause: "the page lost the focus" */
  away(why: string): void {
    this.input = undefined;
    if (!this.running || this.control === "paused") return;
    this.asked.push("pause");
    this.taking = false;
    this.say(`The arm holds still: ${why}. Continue or take over when you are back.`);
  }

  /** Another page has the controls, or this one was loaded again: its inputs are counted anew. */
  renew(): void {
    this.input = undefined;
  }

  reset(seed: number): void {
    this.options.judge.reset(seed);
    this.asked = [];
    this.taking = false;
    this.repeat = false;
    this.grasped = false;
    this.control = "autonomous";
    this.heardAt = this.options.now();
    this.running = true;
    this.say("");
  }

  decide({ control, held }: Tick): Decision {
    const decision = this.decision(control);
    const acts = decision === "hand back" || (decision === "continue" && control === "autonomous");
    this.control =
      decision === "pause" ? "paused" : decision === "correct" ? "correcting" : acts ? "autonomous" : control;
    this.actor = acts && !held ? "policy" : this.control === "correcting" ? "you" : "held";
    if (acts && held) this.say("The policy gives nothing usable: the arm holds still.");
    return decision;
  }

  targets(): ArrayLike<number> | undefined {
    const { input, options } = this;
    const silent = options.now() - this.heardAt > options.patience.hold;
    if (!input?.held || silent) {
      this.grasped = false;
      return undefined;
    }
    // A new grasp begins where the hand is, not at the goal of the last.
    if (!this.grasped) options.hand.begin();
    this.grasped = true;
    const { drag, speed } = input;
    return options.hand.move({ ...(drag && { drag }), speed });
  }

  judge(): boolean {
    return this.options.judge.judge?.() ?? false;
  }

  again(): boolean {
    return this.repeat;
  }

  release(): void {
    this.running = false;
    this.actor = "held";
    this.options.judge.release();
  }

  private decision(control: Tick["control"]): Decision {
    const { now, patience } = this.options;
    const silence = now() - this.heardAt;
    if (silence > patience.discard) {
      this.say("Nobody was at the page: the arm held still, and the episode was discarded.");
      return "discard";
    }
    const asked = this.asked.shift();
    if (asked === "success" || asked === "failure" || asked === "discard") return asked;
    if (silence > patience.pause) {
      this.taking = false;
      if (control === "paused") return "continue";
      this.say("The arm holds still: the page was not heard. Continue or take over when you are back.");
      return "pause";
    }
    if (control === "correcting" && this.isOld()) {
      this.say("The arm holds still: your picture was too old to steer by.");
      return "pause";
    }
    if (asked) return asked;
    if (control !== "paused" || !this.taking) return "continue";
    this.taking = false;
    const why = this.blocked();
    if (why) {
      this.say(`The arm holds still. ${why}`);
      return "continue";
    }
    this.grasped = false;
    this.say("You have the arm.");
    return "correct";
  }

  private blocked(): string | undefined {
    if (!this.isOld()) return undefined;
    return `Your picture is too old to steer by (${Math.round(this.options.pictureAge() ?? 0)} ms; at most ${this.options.patience.picture}).`;
  }

  private isOld(): boolean {
    const age = this.options.pictureAge();
    return age === undefined || age > this.options.patience.picture;
  }

  private say(notice: string): void {
    this.notice = notice;
  }
}
