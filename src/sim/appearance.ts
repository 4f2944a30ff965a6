// Domain randomisation of a world's looks: light and colours vary by seed. The policy learns the task, not the room.
// Geometry, masses and friction never vary.
import type { Random } from "../system/index.ts";
import type { Physics } from "./physics.ts";

const varied = ["geom_rgba", "light_diffuse", "light_dir", "light_pos"] as const;

/** The compiled appearance of a model, the start for every episode. */
export class Appearance {
  private readonly physics: Physics;
  private readonly original: ReadonlyMap<(typeof varied)[number], Float32Array | Float64Array>;

  constructor(physics: Physics) {
    this.physics = physics;
    this.original = new Map(varied.map((name) => [name, physics.model[name].slice()]));
  }

  /** Restores the compiled appearance. */
  restore(): void {
    for (const [name, values] of this.original) this.physics.model[name].set(values);
  }

  /**
   * Varies the original appearance. Each light's brightness changes by a factor 0.6 to 1.25, its direction by up to
   * about 20°. Table and floor take any muted colour. All other geoms keep their hue; each body's brightness is 0.85 to
   * 1.15 of the original. Derived values of the world are stale until its `forward`.
   */
  randomise(random: Random): void {
    this.restore();
    const { physics } = this;
    const { model } = physics;
    for (let light = 0; light < model.nlight; light++) {
      const brightness = between(random, 0.6, 1.25);
      scale(model.light_diffuse.subarray(3 * light, 3 * light + 3), brightness);
      turn(model.light_dir.subarray(3 * light, 3 * light + 3), random);
    }
    const surroundings = physics
      .names("geom")
      .flatMap((name, id) => (name === "table" || name === "floor" ? [id] : []));
    for (const geom of surroundings) {
      const grey = between(random, 0.3, 0.8);
      const rgb = [0, 1, 2].map(() => Math.min(1, Math.max(0, grey + between(random, -0.15, 0.15))));
      model.geom_rgba.set(rgb, 4 * geom);
    }
    const factors = Array.from({ length: model.nbody }, () => between(random, 0.85, 1.15));
    for (let geom = 0; geom < model.ngeom; geom++) {
      if (surroundings.includes(geom)) continue;
      scale(model.geom_rgba.subarray(4 * geom, 4 * geom + 3), factors[model.geom_bodyid[geom]!]!);
    }
  }
}

function between(random: Random, low: number, high: number): number {
  return low + random.uniform() * (high - low);
}

/** Multiplies colours, up to 1. */
function scale(values: Float32Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.min(1, values[i]! * factor);
}

/** Adds up to 0.2 to each component of a direction and makes it a unit vector again. */
function turn(direction: Float64Array, random: Random): void {
  for (let i = 0; i < 3; i++) direction[i]! += between(random, -0.2, 0.2);
  const length = Math.hypot(...direction);
  for (let i = 0; i < 3; i++) direction[i]! /= length;
}
