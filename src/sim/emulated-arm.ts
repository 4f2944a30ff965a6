// MuJoCo's SO-101 behind emulated motors: their goals drive its actuators, its joints turn their encoders.
import { type EmulatedServo, type Measured, type Mechanics, so101 } from "../robot/index.ts";
import type { World } from "./world.ts";

/** Counts of the encoders in the middle of each joint's range. */
const middleCounts = 2047;
const countsPerRadian = 4096 / (2 * Math.PI);
/** An STS3215's full torque in the model, N m. */
const fullTorque = 2.94;
/** Numbers of an actuator in the model's arrays of gains and biases. */
const width = 10;

const middles = so101.map(({ limits: [low, high] }) => (low + high) / 2);

/** Encoder counts at these joint angles in radians, not rounded. */
export const toCounts = (radians: number, joint: number): number =>
  middleCounts + (radians - middles[joint]!) * countsPerRadian;

/** Joint angle in radians at these encoder counts. */
const fromCounts = (counts: number, joint: number): number =>
  middles[joint]! + (counts - middleCounts) / countsPerRadian;

/** The arm of a world as the mechanics of six motors in LeRobot's order. The world's own `act` is not to be used meanwhile. */
export class EmulatedArm implements Mechanics {
  private readonly world: World;
  private readonly joints: readonly { readonly qpos: number; readonly dof: number; readonly actuator: number }[];
  private readonly gains: Float64Array;
  private readonly biases: Float64Array;
  private time = 0;

  constructor(world: World) {
    this.world = world;
    const { physics } = world;
    this.joints = so101.map(({ joint }) => {
      const id = physics.id("joint", joint);
      const { jnt_qposadr, jnt_dofadr } = physics.model;
      return { qpos: jnt_qposadr[id]!, dof: jnt_dofadr[id]!, actuator: physics.id("actuator", joint) };
    });
    this.gains = physics.model.actuator_gainprm.slice();
    this.biases = physics.model.actuator_biasprm.slice();
  }

  advance(now: number, servos: readonly EmulatedServo[]): void {
    const { physics } = this.world;
    const step = 1000 * physics.model.opt.timestep;
    const steps = Math.floor((now - this.time) / step + 1e-6);
    if (steps <= 0) return;
    const { actuator_gainprm, actuator_biasprm, actuator_forcerange } = physics.model;
    for (const [i, { actuator }] of this.joints.entries()) {
      const servo = servos[i]!;
      const [from, to] = [actuator * width, (actuator + 1) * width];
      actuator_gainprm.set(servo.torque ? this.gains.subarray(from, to) : new Float64Array(width), from);
      actuator_biasprm.set(servo.torque ? this.biases.subarray(from, to) : new Float64Array(width), from);
      const torque = (fullTorque * servo.get("Torque_Limit")) / 1000;
      actuator_forcerange.set([-torque, torque], 2 * actuator);
      physics.data.ctrl[actuator] = fromCounts(servo.goal, i);
    }
    physics.step(steps);
    this.time += steps * step;
  }

  measured(i: number): Measured {
    const { qpos, qvel, actuator_force } = this.world.physics.data;
    const { qpos: position, dof, actuator } = this.joints[i]!;
    return {
      encoder: toCounts(qpos[position]!, i),
      velocity: qvel[dof]! * countsPerRadian,
      load: actuator_force[actuator]! / fullTorque,
    };
  }
}
