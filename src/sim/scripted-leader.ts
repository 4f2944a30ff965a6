// A leader arm in the hand of a task's script: its joints follow the demonstration.
import { type EmulatedServo, fromRadians, type Measured, type Mechanics, so101, toRadians } from "../robot/index.ts";
import { type Random, random } from "../system/index.ts";
import { Demonstration } from "./demonstrator.ts";
import { toCounts } from "./emulated-arm.ts";
import { sampleStyle } from "./style.ts";
import type { Task } from "./task.ts";
import type { World } from "./world.ts";

export class ScriptedLeader implements Mechanics {
  private readonly task: Task;
  private readonly world: World;
  private random: Random = random(0);
  private demonstration: Demonstration | undefined;
  /** In LeRobot's normalised units. */
  private pose: readonly number[] = [];
  private time = 0;

  constructor(task: Task, world: World) {
    this.task = task;
    this.world = world;
    this.begin(0);
  }

  /** Takes the leader to where the follower is, and begins a demonstration. */
  begin(seed: number): void {
    this.end();
    this.random = random(seed).split("demonstrator");
    const { physics } = this.world;
    this.pose = fromRadians(
      so101.map(({ joint }) => physics.data.qpos[physics.model.jnt_qposadr[physics.id("joint", joint)]!]!),
    );
    this.demonstration = new Demonstration(this.task, this.world, sampleStyle(this.random), this.random);
  }

  /** Lets go of the leader. */
  end(): void {
    this.demonstration?.close();
    this.demonstration = undefined;
  }

  advance(now: number, _servos: readonly EmulatedServo[]): void {
    const period = 1000 / this.world.fps;
    if (now - this.time < period - 1e-6) return;
    this.time = now - this.time > 2 * period ? now : this.time + period;
    this.pose = this.demonstration?.next() ?? this.pose;
  }

  measured(i: number): Measured {
    return { encoder: toCounts(toRadians(this.pose)[i]!, i), velocity: 0, load: 0 };
  }
}
