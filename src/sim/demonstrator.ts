// Demonstrations in a person's manner: the task's script as a driver, and as the hands of a supervisor.
import type { Driver } from "../robot/index.ts";
import { type Random, random } from "../system/index.ts";
import { Arm, type Motion } from "./arm.ts";
import { type Style, sampleStyle } from "./style.ts";
import type { Task } from "./task.ts";
import type { World } from "./world.ts";

/** The task's script at work, from the present moment of the episode. Close it in the end. */
export class Demonstration {
  private readonly arm: Arm;
  private readonly motion: Motion;
  private ended = false;

  constructor(task: Task, world: World, style: Style, random: Random) {
    this.arm = new Arm(world, style, random);
    this.motion = task.demonstrate({ world, arm: this.arm, instruction: world.instruction, style, random });
  }

  /** What the script does now. */
  get subtask(): string | undefined {
    return this.ended ? undefined : this.arm.doing;
  }

  /** Joint targets for this control period. Undefined once the script is done. */
  next(): readonly number[] | undefined {
    if (this.ended) return undefined;
    const { done, value } = this.motion.next();
    this.ended = done === true;
    return done ? undefined : value;
  }

  close(): void {
    this.ended = true;
    this.arm.close();
  }
}

/** Drives whole episodes. Each has its own style. */
export class Demonstrator implements Driver {
  readonly id = "demonstrator";
  private readonly task: Task;
  private readonly world: World;
  private random: Random = random(0);
  private demonstration: Demonstration | undefined;
  private done = false;

  constructor(task: Task, world: World) {
    this.task = task;
    this.world = world;
  }

  /** Whether it has reached the goal or given up. */
  get finished(): boolean {
    return this.done;
  }

  get subtask(): string | undefined {
    return this.demonstration?.subtask;
  }

  async reset(seed: number): Promise<void> {
    this.interrupt();
    this.random = random(seed).split("demonstrator");
    this.done = false;
  }

  async next(): Promise<readonly number[] | undefined> {
    // After someone else has acted it looks anew.
    this.demonstration ??= new Demonstration(this.task, this.world, sampleStyle(this.random), this.random);
    const targets = this.demonstration.next();
    this.done = targets === undefined;
    return targets;
  }

  interrupt(): void {
    this.demonstration?.close();
    this.demonstration = undefined;
  }
}
