// Scenes for grounding: rendered images of the tasks' tables with the arm anywhere over them, and the places of the
// named objects. A backbone learns to see and to read from them, before any robot.

import { so101Joints } from "../robot/index.ts";
import {
  centredOn,
  createTaskWorld,
  InverseKinematics,
  middleOf,
  opening,
  type Physics,
  sameTurn,
  shoulderX,
  type Task,
  tasks,
  type World,
  yawOf,
} from "../sim/index.ts";
import { type Random, random } from "../system/index.ts";

/** Cameras of a scene, in the order of `Scenes.spots`. */
export const cameras = ["front", "wrist"] as const;

/** The bodies in instructions. A table has some of them. */
const bodies: readonly string[] = [
  ...new Set(tasks.flatMap((task) => task.instructions.map(task.named).flatMap(({ object, goal }) => [object, goal]))),
];
/** The things with spots: those bodies, and the grasp point between the finger tips. */
export const things: readonly string[] = [...bodies, "grasp"];
/** The one round body. Every other looks the same after a quarter of a turn. */
const round = "bowl";
/** Whether a body's turn about the vertical is visible: it is not round and has not fallen over. */
function isTurned(physics: Physics, body: string): boolean {
  const [, x, y] = physics.pose(body).quaternion;
  return body !== round && x ** 2 + y ** 2 < 0.01;
}
/** Every instruction of every task. */
export const instructions: readonly string[] = tasks.flatMap((task) => task.instructions);

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
/**
 * In such scenes: standard deviation of the object from the goal on each axis, height of its fall, metres, and time for
 * the fall, seconds.
 */
const fall = { spread: 0.015, height: 0.03, seconds: 0.32 };
/** Poses of the arm for one arrangement of a table. Arranging costs as much as some images. */
const posesEach = 4;

interface Table {
  readonly task: Task;
  readonly world: World;
  readonly kinematics: InverseKinematics;
}

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
        arrange(table, draws);
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

const bodiesOf = (physics: Physics) => {
  const there = new Set(physics.names("body"));
  return bodies.filter((body) => there.has(body));
};

/** Whether a body is on the table. Unused blocks wait below. */
const isOnTable = (physics: Physics, body: string) => physics.pose(body).position[2] > -0.1;

/** Drops the named object at the goal, about in the goal's direction. */
async function bringToGoal({ task, world }: Table, draws: Random): Promise<void> {
  const { physics } = world;
  const { object, goal } = task.named(world.instruction);
  const at = physics.pose(goal);
  const yaw = yawOf(at) + 0.4 * draws.normal();
  const [x, y] = at.position.map((middle) => middle + fall.spread * draws.normal()) as [number, number];
  const z = physics.pose(object).position[2] + fall.height;
  physics.place(object, { position: [x, y, z], quaternion: [Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)] });
  const { state } = await world.observe();
  for (let period = 0; period < fall.seconds * world.fps; period++) await world.act(state);
}

/** Moves the arm to a random pose, mostly near things, and sometimes puts an object between its jaws. */
function arrange({ task, world, kinematics }: Table, draws: Random): void {
  const { physics } = world;
  const around = (middle: readonly number[], spread: readonly number[]) =>
    middle.map((angle, i) => angle + spread[i]! * draws.normal());
  const kind = draws.uniform();
  let joints: readonly number[];
  if (kind < 0.1) joints = around([0, -1.55, 1.4, 1, 0], [0.2, 0.2, 0.2, 0.2, 0.2]);
  else if (kind < 0.2) joints = around([0, -0.5, 0.8, 1, 0], [0.6, 0.5, 0.5, 0.4, 0.6]);
  else if (task.pushed && kind < 0.45) {
    placeAround(world, kinematics, task.named(world.instruction).object, draws);
    return;
  } else {
    const near = bodiesOf(physics).filter((body) => isOnTable(physics, body));
    const [x, y] = physics.pose(near[draws.integer(near.length)]!).position;
    const spread = draws.uniform() < 0.7 ? 0.025 : 0.06;
    const over: Point = [
      x + spread * draws.normal(),
      y + spread * draws.normal(),
      0.01 + 0.12 * draws.uniform() ** 1.5,
    ];
    const yaw = draws.uniform() < 0.7 && { yaw: Math.atan2(y, x - shoulderX) + 0.6 * draws.normal() };
    joints = kinematics.solve({ position: over, ...yaw }, [Math.atan2(-y, x - shoulderX), -0.2, 0.6, 1.2, 0]).joints;
  }
  world.placeArm([...joints, -0.15 + draws.uniform()]);
  if (task.pushed || draws.uniform() >= 0.25) return;
  const held = task.objects[draws.integer(task.objects.length)]!;
  if (!isOnTable(physics, held)) return;
  const width = widthOf(physics, held);
  const [x, y, z] = graspPoint(physics);
  const site = physics.id("site", "grasp");
  const along = (axis: number) => middleOf(width) * physics.data.site_xmat[9 * site + 3 * axis]!;
  const position: Point = [
    x + along(0) + 0.003 * draws.normal(),
    y + along(1) + 0.003 * draws.normal(),
    z + along(2) + 0.005 * draws.normal(),
  ];
  physics.place(held, { position, quaternion: physics.pose(held).quaternion });
  world.placeArm([...joints, opening(width) + 0.15 * (draws.uniform() - 1 / 3)]);
}

/** Puts the jaws down around a block, closed with a little play, or open. */
function placeAround(world: World, kinematics: InverseKinematics, block: string, draws: Random): void {
  const at = world.physics.pose(block);
  const [x, y] = at.position;
  const stray = 0.004;
  const outward = Math.atan2(y, x - shoulderX);
  const yaw = outward + sameTurn(yawOf(at) - outward, 4) + 0.15 * draws.normal();
  const width = widthOf(world.physics, block) + (draws.uniform() < 0.7 ? 0.001 + 0.002 * draws.normal() : 0.03);
  const [cx, cy] = centredOn({ x, y }, yaw, width);
  const position: Point = [cx + stray * draws.normal(), cy + stray * draws.normal(), 0.02 + 0.01 * draws.uniform()];
  const { joints } = kinematics.solve({ position, yaw }, [-outward, -0.2, 0.6, 1.2, 0]);
  world.placeArm([...joints, opening(width)]);
}

type Point = readonly [number, number, number];

/** Width of a box, metres. */
function widthOf(physics: Physics, body: string): number {
  const geom = physics.model.geom_bodyid.indexOf(physics.id("body", body));
  return 2 * physics.model.geom_size[3 * geom]!;
}

function graspPoint(physics: Physics): Point {
  const site = physics.id("site", "grasp");
  const [x, y, z] = physics.data.site_xpos.subarray(3 * site, 3 * site + 3);
  return [x!, y!, z!];
}

/** Closing direction of the jaws seen from above, radians. */
export function graspYaw(physics: Physics): number {
  const site = physics.id("site", "grasp");
  return Math.atan2(physics.data.site_xmat[9 * site + 3]!, physics.data.site_xmat[9 * site]!);
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
