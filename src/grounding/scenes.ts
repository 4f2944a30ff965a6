// Scenes for grounding: rendered images of the tasks' tables with the arm anywhere over them, and the places of the
// named objects. A backbone learns to see and to read from them, before any robot.

import { so101Joints } from "../robot/index.ts";
import { createTaskWorld, InverseKinematics, type Physics, tasks, yawOf } from "../sim/index.ts";
import { random } from "../system/index.ts";
import { bringToGoal, poseArm, type Table } from "./poses.ts";
import { bodiesOf, cameras, graspPoint, graspYaw, isTurned, type Point, things } from "./things.ts";

/** Scenes of a batch, B of them. */
export interface Scenes {
  readonly size: number;
  /** Images by camera, [B, height, width, 3]. */
  readonly pictures: Readonly<Record<(typeof cameras)[number], Uint8Array>>;
  readonly instructions: readonly string[];
  /** Joint states in the robot's units, [B, 6]. */
  readonly states: Float32Array;
  /**
   * Vectors from the grasp point to the named object and to the named goal, and the grasp point's position, [B, 9]
   * metres.
   */
  readonly places: Float32Array;
  /**
   * Cosine and sine of four times the turn of the named object, and of the named goal, relative to the gripper, [B, 2,
   * 2].
   */
  readonly turns: Float32Array;
  /** 0 if the object or goal is round or has fallen over, else 1, [B, 2]. */
  readonly turned: Float32Array;
  /** Places in the image, from −1 (left, top) to 1, [B, cameras, things, 2]. */
  readonly spots: Float32Array;
  /** 1 if the thing is visible, else 0, [B, cameras, things]. */
  readonly seen: Float32Array;
  /**
   * Cosine and sine of four times the thing's turn, [B, cameras, things, 2]. It is relative to the table in the front
   * camera, and to the gripper in the wrist's.
   */
  readonly spotTurns: Float32Array;
  /** 1 if the thing is visible and neither round nor fallen over, else 0, [B, cameras, things]. */
  readonly spotTurned: Float32Array;
}

/** Share of scenes as late in an episode: the object is near its goal, on it or in it, and may hide it. */
const late = 0.3;
/** Poses of the arm for one arrangement of a table. Arranging costs as much as some images. */
const posesEach = 4;

/** Makes scenes. It owns memory outside JavaScript: `close` it. */
export class SceneMaker {
  private readonly tables: readonly Table[];
  private readonly pictureSize: number;

  private constructor(tables: readonly Table[], pictureSize: number) {
    this.tables = tables;
    this.pictureSize = pictureSize;
  }

  /**
   * Opens a world for every task and several difficulties.
   * @param pictureSize height and width of the images, pixels
   */
  static async open(pictureSize: number): Promise<SceneMaker> {
    const tables: Table[] = [];
    for (const task of tasks)
      for (const [difficulty, randomise] of [
        [0.1, false],
        [0.4, false],
        [1, false],
        [0.7, true],
      ] as const) {
        const world = await createTaskWorld(task, { difficulty, randomise, cameras: [] });
        const joints = so101Joints.slice(0, 5).map(({ name }) => name.replace(/\.pos$/, ""));
        tables.push({ task, world, kinematics: new InverseKinematics(world.physics, { site: "grasp", joints }) });
      }
    return new SceneMaker(tables, pictureSize);
  }

  /** `size` scenes, decided by the seed alone. */
  async make(seed: string, size: number): Promise<Scenes> {
    const draws = random(seed);
    const pixels = this.pictureSize ** 2 * 3;
    const scenes = {
      size,
      pictures: { front: new Uint8Array(size * pixels), wrist: new Uint8Array(size * pixels) },
      instructions: [] as string[],
      states: new Float32Array(size * so101Joints.length),
      places: new Float32Array(size * 9),
      turns: new Float32Array(size * 4),
      turned: new Float32Array(size * 2),
      spots: new Float32Array(size * cameras.length * things.length * 2),
      seen: new Float32Array(size * cameras.length * things.length),
      spotTurns: new Float32Array(size * cameras.length * things.length * 2),
      spotTurned: new Float32Array(size * cameras.length * things.length),
    };
    while (scenes.instructions.length < size) {
      const table = this.tables[draws.integer(this.tables.length)]!;
      await table.world.reset({ seed: draws.integer(2 ** 31) });
      if (draws.uniform() < late) await bringToGoal(table, draws);
      const begun = table.world.saveMoment();
      for (let pose = 0; pose < posesEach && scenes.instructions.length < size; pose++) {
        if (pose > 0) table.world.restoreMoment(begun);
        poseArm(table, draws);
        scenes.states.set((await table.world.observe()).state, scenes.instructions.length * so101Joints.length);
        this.look(table, scenes);
      }
    }
    return scenes;
  }

  async close(): Promise<void> {
    for (const { world, kinematics } of this.tables) {
      kinematics.close();
      await world.close();
    }
  }

  /** Adds the present view of a table to a batch. */
  private look(
    { task, world }: Table,
    scenes: { readonly instructions: string[] } & Omit<Scenes, "instructions">,
  ): void {
    const [width, height] = [this.pictureSize, this.pictureSize];
    const { physics, instruction } = world;
    const at = scenes.instructions.length;
    scenes.instructions.push(instruction);
    const grasp = graspPoint(physics);
    const { object, goal } = task.named(instruction);
    const fromGrasp = (body: string) => physics.pose(body).position.map((x, i) => x - grasp[i]!);
    scenes.places.set([...fromGrasp(object), ...fromGrasp(goal), ...grasp], at * 9);
    const gripper = graspYaw(physics);
    const turnOf = (body: string, against: number) => {
      const turn = 4 * (yawOf(physics.pose(body)) - against);
      return [Math.cos(turn), Math.sin(turn)];
    };
    for (const [i, body] of [object, goal].entries()) {
      scenes.turns.set(turnOf(body, gripper), at * 4 + 2 * i);
      scenes.turned[at * 2 + i] = isTurned(physics, body) ? 1 : 0;
    }
    const points = new Map<string, Point>([["grasp", grasp]]);
    for (const body of bodiesOf(physics)) points.set(body, physics.pose(body).position);
    for (const [c, name] of cameras.entries()) {
      const { data, segmentation } = world.look({ name, width, height });
      scenes.pictures[name].set(data, at * data.length);
      const areas = areasOf(segmentation, physics);
      for (const [i, thing] of things.entries()) {
        const point = points.get(thing);
        // One visible pixel does not show a body's middle. Between the finger tips there is nothing to see.
        if (!point || (thing !== "grasp" && areas[physics.id("body", thing)]! < 2)) continue;
        const spot = project(physics, name, point);
        if (!spot) continue;
        const index = (at * cameras.length + c) * things.length + i;
        scenes.spots.set(spot, 2 * index);
        scenes.seen[index] = 1;
        if (thing === "grasp" || !isTurned(physics, thing)) continue;
        scenes.spotTurns.set(turnOf(thing, name === "front" ? 0 : gripper), 2 * index);
        scenes.spotTurned[index] = 1;
      }
    }
  }
}

/** Number of visible pixels of each body. */
function areasOf(segmentation: Int32Array, { model }: Physics): Uint32Array {
  const { geom_bodyid: bodyOf, nbody } = model;
  const areas = new Uint32Array(nbody);
  for (const geom of segmentation) if (geom >= 0) areas[bodyOf[geom]!]!++;
  return areas;
}

/** The place of a point in a camera's square image: −1 to 1 rightward and downward, undefined outside the image. */
export function project(physics: Physics, camera: string, point: Point): readonly [number, number] | undefined {
  const id = physics.id("camera", camera);
  const position = physics.data.cam_xpos.subarray(3 * id, 3 * id + 3);
  const rotation = physics.data.cam_xmat.subarray(9 * id, 9 * id + 9);
  const along = (axis: number) =>
    [0, 1, 2].reduce((sum, row) => sum + rotation[3 * row + axis]! * (point[row]! - position[row]!), 0);
  const [x, y, z] = [along(0), along(1), along(2)]; // the camera looks along −z
  const focal = 1 / Math.tan((physics.model.cam_fovy[id]! * Math.PI) / 360);
  const [u, v] = [(-focal * x) / z, (focal * y) / z];
  return z < 0 && Math.abs(u) <= 1 && Math.abs(v) <= 1 ? [u, v] : undefined;
}
