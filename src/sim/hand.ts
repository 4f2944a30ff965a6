// The hand as a person moves it: by a drag over a camera's picture, or by speeds. Inverse kinematics makes joint targets of its goal. The
// goal may jump; the joints' speed is limited.
import { fromRadians, so101 } from "../robot/index.ts";
import { facing } from "./arm.ts";
import { InverseKinematics } from "./kinematics.ts";
import type { World } from "./world.ts";

/** Fastest joint, and the jaws, radians a second. */
const fastest = { joint: 1.6, jaws: 2.5 };
/** The hand at full deflection: metres and radians a second. */
const full = { metres: 0.1, radians: 1.2 };
/** A goal that the hand misses by more is out of reach, metres. */
const outOfReach = 0.01;
/** The lowest goal above the table, metres. */
const lowest = 0.004;

const body = so101.slice(0, 5).map(({ joint }) => joint);

/** A place in a picture as shares of its width and height, from the top left. */
export type PicturePoint = readonly [x: number, y: number];

/** What a person asks of the hand. A drag is absolute: it counts from where the hand was when the drag began. */
export interface HandMove {
  readonly drag?: {
    /** A new number begins a new drag. */
    readonly id: number;
    readonly camera: string;
    readonly from: PicturePoint;
    readonly to: PicturePoint;
    /** Metres above the height at the drag's beginning. */
    readonly lift: number;
  };
  /** −1 to 1: to the picture's right, away from the camera, up, turn to the left, open the jaws. */
  readonly speed: readonly [right: number, away: number, up: number, turn: number, open: number];
}

type Point = [number, number, number];

/** It owns memory outside JavaScript: `close` it. */
export class Hand {
  private readonly world: World;
  private readonly camera: string;
  /** Width by height of the camera's picture. */
  private readonly aspect: number;
  private readonly ik: InverseKinematics;
  private readonly site: number;
  private goal: Point = [0, 0, 0];
  private yaw = 0;
  private commanded: number[] = [];
  private missed = 0;
  private drag: { readonly id: number; readonly start: Point } | undefined;

  /** @param camera the camera whose picture a person drags in; it stands still */
  constructor(world: World, camera: string, aspect: number) {
    this.world = world;
    this.camera = camera;
    this.aspect = aspect;
    this.ik = new InverseKinematics(world.physics, { site: "grasp", joints: body });
    this.site = world.physics.id("site", "grasp");
  }

  /** The goal becomes the present pose. */
  begin(): void {
    const { physics } = this.world;
    this.goal = this.position();
    const rotation = physics.data.site_xmat.subarray(9 * this.site, 9 * this.site + 9);
    this.yaw = Math.atan2(rotation[3]!, rotation[0]!);
    this.commanded = so101.map(({ joint }) => physics.data.ctrl[physics.id("actuator", joint)]!);
    this.drag = undefined;
    this.missed = 0;
  }

  /**
   * Moves the goal for one control period, and the joints towards it.
   * @returns joint targets in the robot's units
   */
  move({ drag, speed }: HandMove): number[] {
    const seconds = 1 / this.world.fps;
    if (drag) this.follow(drag);
    else this.drag = undefined;
    const [right, away, up, turn, open] = speed;
    const { across, ahead } = this.axes();
    const before = { goal: [...this.goal] as Point, missed: this.missed };
    for (let i = 0; i < 3; i++)
      this.goal[i]! += full.metres * seconds * (right * across[i]! + away * ahead[i]! + (i === 2 ? up : 0));
    this.goal[2] = Math.max(lowest, this.goal[2]);
    this.yaw += full.radians * seconds * turn;
    const moves = drag !== undefined || right !== 0 || away !== 0 || up !== 0 || turn !== 0;
    if (moves) this.approach(fastest.joint * seconds);
    // Speeds must not carry the goal away from a hand that cannot follow.
    if (!drag && this.missed > Math.max(outOfReach, before.missed)) {
      this.goal = before.goal;
      this.missed = before.missed;
    }
    const [low, high] = so101[5]!.limits;
    this.commanded[5] = Math.min(high, Math.max(low, this.commanded[5]! + fastest.jaws * seconds * open));
    return fromRadians(this.commanded);
  }

  /** Where the grasp point between the finger tips is in the picture. */
  inPicture(): PicturePoint {
    return this.project(this.position());
  }

  /** Where a point of the room is in the picture. @param point metres */
  project(point: readonly number[]): PicturePoint {
    const { position, rotation, tangent } = this.view();
    const offset = point.map((x, i) => x - position[i]!);
    const along = (column: number) => offset.reduce((sum, x, i) => sum + x * rotation[3 * i + column]!, 0);
    const depth = -along(2);
    return [(along(0) / depth / (tangent * this.aspect) + 1) / 2, (1 - along(1) / depth / tangent) / 2];
  }

  close(): void {
    this.ik.close();
  }

  private position(): Point {
    return [...this.world.physics.data.site_xpos.subarray(3 * this.site, 3 * this.site + 3)] as Point;
  }

  /** The goal follows the pointer in the horizontal plane of the hand's height at the drag's beginning. */
  private follow({ id, from, to, lift }: NonNullable<HandMove["drag"]>): void {
    if (this.drag?.id !== id) this.drag = { id, start: [...this.goal] };
    const { start } = this.drag;
    const [a, b] = [this.onPlane(from, start[2]), this.onPlane(to, start[2])];
    if (!a || !b) return;
    this.goal = [start[0] + b[0] - a[0], start[1] + b[1] - a[1], start[2] + lift];
  }

  /** Where the ray through a pixel meets a height. Undefined above the horizon. */
  private onPlane([u, v]: PicturePoint, height: number): readonly [number, number] | undefined {
    const { position, rotation, tangent } = this.view();
    const ray = [(2 * u - 1) * this.aspect * tangent, (1 - 2 * v) * tangent, -1];
    const [x, y, z] = [0, 1, 2].map((row) => ray.reduce((sum, r, i) => sum + r * rotation[3 * row + i]!, 0)) as Point;
    const share = (height - position[2]!) / z;
    return z < -1e-3 && share > 0 ? [position[0]! + share * x, position[1]! + share * y] : undefined;
  }

  /** Joints nearest to the goal, at most `longest` radians away from those before. */
  private approach(longest: number): void {
    const target = { position: this.goal, yaw: this.yaw };
    let found = this.ik.solve(target, this.commanded.slice(0, 5));
    if (found.positionError > outOfReach) {
      const other = this.ik.solve(target, facing(this.goal[0], this.goal[1]));
      if (other.positionError < found.positionError - 0.001) found = other;
    }
    this.missed = found.positionError;
    const turns = found.joints.map((angle, j) => angle - this.commanded[j]!);
    const scale = Math.min(1, longest / Math.max(1e-9, ...turns.map(Math.abs)));
    for (const [j, turn] of turns.entries()) this.commanded[j]! += scale * turn;
  }

  /** The picture's right and its depth, along the table. */
  private axes(): { readonly across: readonly number[]; readonly ahead: readonly number[] } {
    const { rotation } = this.view();
    const level = ([x, y]: readonly [number, number]) => {
      const length = Math.hypot(x, y) || 1;
      return [x / length, y / length, 0];
    };
    return { across: level([rotation[0]!, rotation[3]!]), ahead: level([-rotation[2]!, -rotation[5]!]) };
  }

  private view() {
    const { physics } = this.world;
    const camera = physics.id("camera", this.camera);
    return {
      position: physics.data.cam_xpos.subarray(3 * camera, 3 * camera + 3),
      rotation: physics.data.cam_xmat.subarray(9 * camera, 9 * camera + 9),
      tangent: Math.tan(((physics.model.cam_fovy[camera]! / 2) * Math.PI) / 180),
    };
  }
}
