// Inverse kinematics by damped least squares on a site's Jacobian. It works on its own copy of the state and does not
// move the world.
import type { DoubleBuffer, MjData } from "@mujoco/mujoco";
import type { Physics } from "./physics.ts";

/** A target pose for the site. */
export interface IkTarget {
  /** Target position of the site, metres. */
  readonly position: readonly [number, number, number];
  /** Direction of the site's z axis (a gripper's approach), a unit vector; default: down. */
  readonly approach?: readonly [number, number, number];
  /** Angle of the site's x axis about the world's z, radians, for an approach from above. Left out: any angle. */
  readonly yaw?: number;
}

/** Joint angles and their remaining error. */
export interface IkSolution {
  /** Joint angles in radians, within limits, in the solver's order of joints. */
  readonly joints: readonly number[];
  /** Remaining error, metres and radians. */
  readonly positionError: number;
  readonly angleError: number;
}

const iterations = 200;
const damping = 0.03;
const longestStep = 0.2; // radians per joint and iteration
/** A radian of error counts as much as this many metres. */
const metresPerRadian = 0.1;

/** A solver for one site of a model. It owns memory outside JavaScript: `close` it. */
export class InverseKinematics {
  private readonly physics: Physics;
  private readonly joints: readonly number[];
  private readonly site: number;
  private readonly scratch: MjData;
  private readonly jacobians: { readonly position: DoubleBuffer; readonly rotation: DoubleBuffer };

  /** `joints` are the hinges that may move. All others keep the world's angles. */
  constructor(physics: Physics, { site, joints }: { readonly site: string; readonly joints: readonly string[] }) {
    const { module } = physics.runtime;
    this.physics = physics;
    this.site = physics.id("site", site);
    this.joints = joints.map((name) => physics.id("joint", name));
    this.scratch = new module.MjData(physics.handles.model);
    const size = 3 * physics.model.nv;
    this.jacobians = { position: new module.DoubleBuffer(size), rotation: new module.DoubleBuffer(size) };
  }

  /**
   * The joint angles that bring the site nearest to the target, from `start` (default: the world's pose). Out of reach
   * the errors say how far; check them before a grasp.
   */
  solve(target: IkTarget, start?: readonly number[]): IkSolution {
    const { model, data } = this.physics;
    const addresses = this.joints.map((joint) => model.jnt_qposadr[joint]!);
    const limits = this.joints.map((joint) => [model.jnt_range[2 * joint]!, model.jnt_range[2 * joint + 1]!] as const);
    (this.scratch.qpos as Float64Array).set(data.qpos);
    let joints = addresses.map((address, i) => clamp(start?.[i] ?? data.qpos[address]!, limits[i]!));
    let best: IkSolution | undefined;
    for (let i = 0; i < iterations; i++) {
      const { error, rows } = this.linearise(joints, addresses, target);
      const positionError = Math.hypot(...error.slice(0, 3));
      const angleError = Math.hypot(...error.slice(3)) / metresPerRadian;
      if (!best || cost(positionError, angleError) < cost(best.positionError, best.angleError))
        best = { joints, positionError, angleError };
      if (positionError < 1e-5 && angleError < 1e-4) break;
      const step = dampedLeastSquares(rows, error);
      const scale = Math.min(1, longestStep / Math.max(...step.map(Math.abs)));
      joints = joints.map((angle, j) => clamp(angle + scale * step[j]!, limits[j]!));
    }
    return best!;
  }

  close(): void {
    this.scratch.delete();
    this.jacobians.position.delete();
    this.jacobians.rotation.delete();
  }

  /** The error at these angles and its Jacobian by the joints: [rows], [rows][joints]. */
  private linearise(
    joints: readonly number[],
    addresses: readonly number[],
    { position, approach = [0, 0, -1], yaw }: IkTarget,
  ) {
    const { module } = this.physics.runtime;
    const { model } = this.physics.handles;
    const qpos = this.scratch.qpos as Float64Array;
    for (const [i, address] of addresses.entries()) qpos[address] = joints[i]!;
    module.mj_kinematics(model, this.scratch);
    module.mj_comPos(model, this.scratch);
    module.mj_jacSite(model, this.scratch, this.jacobians.position, this.jacobians.rotation, this.site);
    const at = (this.scratch.site_xpos as Float64Array).subarray(3 * this.site, 3 * this.site + 3);
    const rotation = (this.scratch.site_xmat as Float64Array).subarray(9 * this.site, 9 * this.site + 9);
    const axis = (column: number) => [rotation[column]!, rotation[3 + column]!, rotation[6 + column]!];
    // For small angles, the rotation between two axes is their cross product.
    const turn = turnBetween(axis(2), approach);
    if (yaw !== undefined) {
      const closing = turnBetween(axis(0), [Math.cos(yaw), Math.sin(yaw), 0]);
      const about = dot(closing, approach);
      for (let i = 0; i < 3; i++) turn[i]! += about * approach[i]!;
    }
    const error = [...position.map((x, i) => x - at[i]!), ...turn.map((angle) => angle * metresPerRadian)];
    const dofs = this.joints.map((joint) => this.physics.model.jnt_dofadr[joint]!);
    const row = (buffer: DoubleBuffer, r: number, scale: number) =>
      dofs.map((dof) => (buffer.GetView() as Float64Array)[r * model.nv + dof]! * scale);
    const rotationRows = [0, 1, 2].map((r) => row(this.jacobians.rotation, r, metresPerRadian));
    // Without a yaw, rotations about the approach do not count.
    const counted = yaw === undefined ? withoutComponent(rotationRows, approach) : rotationRows;
    return { error, rows: [...[0, 1, 2].map((r) => row(this.jacobians.position, r, 1)), ...counted] };
  }
}

function cost(positionError: number, angleError: number): number {
  return positionError + metresPerRadian * angleError;
}

function clamp(x: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, x));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}

/** The rotation vector from unit vector `from` to `to`. */
function turnBetween(from: readonly number[], to: readonly number[]): number[] {
  const [a, b, c] = from as [number, number, number];
  const [x, y, z] = to as [number, number, number];
  const cross = [b * z - c * y, c * x - a * z, a * y - b * x];
  const sine = Math.hypot(...cross);
  const angle = Math.atan2(sine, dot(from, to));
  if (sine > 1e-9) return cross.map((component) => (component / sine) * angle);
  if (angle < 1) return [0, 0, 0];
  return Math.abs(c) < 0.9 ? [-b * angle, a * angle, 0] : [angle, 0, 0]; // opposite: any axis across will do
}

/** Rows of a rotation Jacobian less their part about `axis`. */
function withoutComponent(rows: readonly (readonly number[])[], axis: readonly number[]): number[][] {
  const about = rows[0]!.map((_, j) =>
    dot(
      axis,
      rows.map((row) => row[j]!),
    ),
  );
  return rows.map((row, r) => row.map((x, j) => x - axis[r]! * about[j]!));
}

/** Jᵀ(JJᵀ + λ²I)⁻¹e in the equivalent form (JᵀJ + λ²I)⁻¹Jᵀe, by Gaussian elimination with pivoting. */
function dampedLeastSquares(rows: readonly (readonly number[])[], error: readonly number[]): number[] {
  const n = rows[0]!.length;
  const system = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (_, j) =>
      rows.reduce((sum, row) => sum + row[i]! * row[j]!, i === j ? damping ** 2 : 0),
    ),
    rows.reduce((sum, row, r) => sum + row[i]! * error[r]!, 0),
  ]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++)
      if (Math.abs(system[row]![column]!) > Math.abs(system[pivot]![column]!)) pivot = row;
    [system[column], system[pivot]] = [system[pivot]!, system[column]!];
    for (let row = 0; row < n; row++) {
      if (row === column) continue;
      const factor = system[row]![column]! / system[column]![column]!;
      for (let j = column; j <= n; j++) system[row]![j]! -= factor * system[column]![j]!;
    }
  }
  return system.map((row, i) => row[n]! / row[i]!);
}
