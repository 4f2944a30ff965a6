// Judges success: the task's goal holds for half a second, and nothing flew there.
import type { Task } from "./task.ts";
import type { World } from "./world.ts";

/** Seconds that the goal must hold. */
const hold = 0.5;
/** A free object faster than this sideways (m/s), untouched by the jaws, was thrown. Falling straight down is no throw. */
const flying = 0.35;

/** A judge at a saved moment. */
export interface JudgeMoment {
  /** Control periods that the goal has held. */
  readonly since: number;
  /** Objects that count as thrown. */
  readonly thrown: readonly string[];
}

/** Judges one episode after another of a task's world. */
export class Judge {
  private readonly task: Task;
  private readonly world: World;
  private since = 0;
  private readonly thrown = new Set<string>();

  constructor(task: Task, world: World) {
    this.task = task;
    this.world = world;
  }

  /** Begins an episode, after the world's reset. */
  reset(): void {
    this.since = 0;
    this.thrown.clear();
  }

  saveMoment(): JudgeMoment {
    return { since: this.since, thrown: [...this.thrown] };
  }

  restoreMoment({ since, thrown }: JudgeMoment): void {
    this.reset();
    this.since = since;
    for (const object of thrown) this.thrown.add(object);
  }

  /** Called after each control period. True once the episode has succeeded. */
  update(): boolean {
    this.watchThrows();
    const { task, world } = this;
    const reached = this.thrown.size === 0 && task.reached(world.physics, world.instruction);
    this.since = reached ? this.since + 1 : 0;
    return this.since >= hold * world.fps;
  }

  /** A thrown object counts as thrown until a jaw touches it again. */
  private watchThrows(): void {
    const { physics } = this.world;
    const touched = (object: string) => ["gripper", "moving_jaw"].some((jaw) => physics.contactForce(jaw, object) > 0);
    for (const object of this.task.objects) {
      const [vx, vy] = physics.velocity(object);
      if (Math.hypot(vx, vy) > flying && !touched(object)) this.thrown.add(object);
      else if (this.thrown.has(object) && touched(object)) this.thrown.delete(object);
    }
  }
}
