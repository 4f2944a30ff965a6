// Whether an episode has succeeded: the task's goal holds for half a second, and nothing flew there.
import type { Task } from "./task.ts";
import type { World } from "./world.ts";

/** Seconds for which the goal must hold. */
const hold = 0.5;
/** A free object this fast sideways (m/s) that no jaw touches was thrown; falling straight down is not. */
const flying = 0.35;

export class Judge {
  private readonly task: Task;
  private readonly world: World;
  private since = 0;
  private readonly thrown = new Set<string>();

  constructor(task: Task, world: World) {
    this.task = task;
    this.world = world;
  }

  /** Begins an episode: call it after the world's reset. */
  reset(): void {
    this.since = 0;
    this.thrown.clear();
  }

  /** Looks once a control period, after it; true once the episode has succeeded. */
  update(): boolean {
    this.watchThrows();
    const { task, world } = this;
    const reached = this.thrown.size === 0 && task.reached(world.physics, world.instruction);
    this.since = reached ? this.since + 1 : 0;
    return this.since >= hold * world.fps;
  }

  /** An object that was thrown counts as thrown until a jaw touches it again. */
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
