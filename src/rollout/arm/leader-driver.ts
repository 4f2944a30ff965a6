// Teleoperation: the leader's pose as the follower's targets.
import type { Driver, Leader } from "../../robot/index.ts";

/** Speed of the follower until it is where the leader is, in units a second. */
const approach = 30;
/** From here on the follower goes along at once, in units. */
const near = 3;

export class LeaderDriver implements Driver {
  readonly id = "human";
  readonly finished = false;
  private readonly leader: Leader;
  private readonly commanded: () => readonly number[];
  private readonly fps: number;
  private aligned = false;

  /** @param commanded where the follower was sent last */
  constructor(leader: Leader, commanded: () => readonly number[], fps: number) {
    this.leader = leader;
    this.commanded = commanded;
    this.fps = fps;
  }

  async reset(): Promise<void> {
    this.aligned = false;
  }

  async next(): Promise<readonly number[]> {
    const pose = await this.leader.read();
    if (this.aligned) return pose;
    const from = this.commanded();
    const reach = approach / this.fps;
    const targets = pose.map((value, i) => Math.max(from[i]! - reach, Math.min(from[i]! + reach, value)));
    this.aligned = pose.every((value, i) => Math.abs(value - from[i]!) <= near);
    return targets;
  }

  interrupt(): void {
    this.aligned = false;
  }
}
