// The physics: a compiled model and its state, with steps, names, exact save and restore, and contacts. It owns memory
// outside JavaScript: `close` it.
//
// Derived values (poses, contacts, forces) always belong to the present state: they are computed once more after each
// control period. So `restore` gives the derived values of `save`, to the bit.
import type { DoubleBuffer, MjData, MjModel } from "@mujoco/mujoco";
import { PistarError } from "../system/index.ts";
import { colourByMaterial } from "./materials.ts";
import type { DataArrays, ModelArrays } from "./model-arrays.ts";
import { loadModel, type ModelSource, type Mujoco, mujoco } from "./mujoco.ts";

/** Kinds of named elements. */
export type Kind = "body" | "joint" | "geom" | "site" | "camera" | "light" | "actuator";
const kinds: Readonly<Record<Kind, number>> = {
  body: 1,
  joint: 3,
  geom: 5,
  site: 6,
  camera: 7,
  light: 8,
  actuator: 19,
};

/** mjSTATE_INTEGRATION: everything that decides the future, with the solver's warm start. */
const integrationState = (1 << 14) - 1;
/** mjDSBL_AUTORESET. Without it, MuJoCo silently resets after a NaN. */
const noAutoreset = 1 << 16;
const freeJoint = 0;
/** MuJoCo's own limit for bad numbers. */
const largest = 1e10;

/** A contact between two geoms, by number. */
export interface Contact {
  readonly geom1: number;
  readonly geom2: number;
  /** Normal force, newtons. */
  readonly force: number;
}

/** Position in metres and rotation. */
export interface Pose {
  readonly position: readonly [number, number, number];
  /** w, x, y, z. */
  readonly quaternion: readonly [number, number, number, number];
}

/**
 * Compiles a model, in its materials' colours.
 * @throws Error in MuJoCo's words if the model does not compile
 */
export async function createPhysics(source: ModelSource): Promise<Physics> {
  const runtime = await mujoco();
  const model = await loadModel(runtime, source);
  colourByMaterial(model);
  return new Physics(runtime, model);
}

/** A model with its state. */
export class Physics {
  /** @internal */
  readonly runtime: Mujoco;
  /** The wasm objects, for MuJoCo's own functions. @internal */
  readonly handles: { readonly model: MjModel; readonly data: MjData };
  private readonly stateBuffer: DoubleBuffer;
  private readonly forceBuffer: DoubleBuffer;
  private contactList: readonly Contact[] | undefined;

  /** @internal `createPhysics` makes one. */
  constructor(runtime: Mujoco, model: MjModel) {
    this.runtime = runtime;
    const { module } = runtime;
    model.opt.disableflags |= noAutoreset;
    this.handles = { model, data: new module.MjData(model) };
    this.stateBuffer = new module.DoubleBuffer(module.mj_stateSize(model, integrationState));
    this.forceBuffer = new module.DoubleBuffer(6);
    this.forward();
  }

  get model(): ModelArrays {
    return this.handles.model;
  }

  get data(): DataArrays {
    return this.handles.data;
  }

  /**
   * The index of a named element.
   * @throws Error listing the names there are
   */
  id(kind: Kind, name: string): number {
    const { module } = this.runtime;
    const id = module.mj_name2id(this.handles.model, kinds[kind], name);
    if (id < 0)
      throw new Error(`Expected a ${kind} named "${name}" in the model; there are: ${this.names(kind).join(", ")}`);
    return id;
  }

  /** All names of a kind; "" for a thing without one. */
  names(kind: Kind): string[] {
    const { model } = this.handles;
    const counts = { body: model.nbody, joint: model.njnt, geom: model.ngeom, site: model.nsite, camera: model.ncam };
    const count = { ...counts, light: model.nlight, actuator: model.nu }[kind];
    return Array.from({ length: count }, (_, i) => this.runtime.module.mj_id2name(model, kinds[kind], i));
  }

  /**
   * Takes `count` physics steps under the present controls.
   * @throws Error if the simulation diverges (a NaN, or a number beyond 10¹⁰)
   */
  step(count: number): void {
    const { model, data } = this.handles;
    for (let i = 0; i < count; i++) this.runtime.module.mj_step(model, data);
    this.check();
    this.forward();
  }

  /** Recomputes derived values after a change of positions or of the model. */
  forward(): void {
    const { model, data } = this.handles;
    const warmstart = Float64Array.from(this.data.qacc_warmstart);
    this.runtime.module.mj_forward(model, data);
    this.data.qacc_warmstart.set(warmstart);
    this.contactList = undefined;
  }

  /** Resets to the model's initial state, with its clock and warnings. */
  reset(): void {
    this.runtime.module.mj_resetData(this.handles.model, this.handles.data);
    this.forward();
  }

  /** A copy of the whole state. */
  save(): Float64Array {
    this.runtime.module.mj_getState(this.handles.model, this.handles.data, this.stateBuffer, integrationState);
    return Float64Array.from(this.stateBuffer.GetView() as Float64Array);
  }

  /**
   * Continues exactly at a saved state of the same model.
   * @throws TypeError for a state of another size
   */
  restore(state: Float64Array): void {
    const expected = this.stateBuffer.GetElementCount();
    if (state.length !== expected)
      throw new TypeError(`Expected a saved state of ${expected} numbers for this model, got ${state.length}`);
    this.runtime.module.mj_setState(
      this.handles.model,
      this.handles.data,
      state as unknown as number[],
      integrationState,
    );
    this.forward();
  }

  /** The pose of a body, metres. */
  pose(body: string): Pose {
    const id = this.id("body", body);
    const { xpos } = this.data;
    const xquat = this.handles.data.xquat as Float64Array;
    return {
      position: [xpos[3 * id]!, xpos[3 * id + 1]!, xpos[3 * id + 2]!],
      quaternion: [xquat[4 * id]!, xquat[4 * id + 1]!, xquat[4 * id + 2]!, xquat[4 * id + 3]!],
    };
  }

  /**
   * Moves a mocap body, or a free body, then at rest. Call `forward` after the last one.
   * @throws Error if the body is neither
   */
  place(body: string, { position, quaternion }: Pose): void {
    const mocap = this.model.body_mocapid[this.id("body", body)]!;
    if (mocap >= 0) {
      this.data.mocap_pos.set(position, 3 * mocap);
      this.data.mocap_quat.set(quaternion, 4 * mocap);
      return;
    }
    const joint = this.freeJoint(body);
    const at = this.model.jnt_qposadr[joint]!;
    this.data.qpos.set([...position, ...quaternion], at);
    this.data.qvel.fill(0, this.model.jnt_dofadr[joint]!, this.model.jnt_dofadr[joint]! + 6);
  }

  /** Linear velocity of a free body along the world's axes, metres per second. */
  velocity(body: string): readonly [number, number, number] {
    const at = this.model.jnt_dofadr[this.freeJoint(body)]!;
    const [x, y, z] = this.data.qvel.subarray(at, at + 3);
    return [x!, y!, z!];
  }

  /** Speed of a free body: metres and radians per second. */
  speed(body: string): { readonly linear: number; readonly angular: number } {
    const at = this.model.jnt_dofadr[this.freeJoint(body)]!;
    const [wx, wy, wz] = this.data.qvel.subarray(at + 3, at + 6);
    return { linear: Math.hypot(...this.velocity(body)), angular: Math.hypot(wx!, wy!, wz!) };
  }

  /** The present contacts. Reading costs 20 µs each and happens once a step. */
  get contacts(): readonly Contact[] {
    this.contactList ??= this.readContacts();
    return this.contactList;
  }

  /**
   * Sum of the normal forces between the geoms of two bodies, newtons. "world" is the table's body. 0 without contact.
   */
  contactForce(a: string, b: string): number {
    const [bodyA, bodyB] = [this.id("body", a), this.id("body", b)];
    const of = this.model.geom_bodyid;
    return this.contacts
      .filter(({ geom1, geom2 }) => {
        const [first, second] = [of[geom1], of[geom2]];
        return (first === bodyA && second === bodyB) || (first === bodyB && second === bodyA);
      })
      .reduce((sum, { force }) => sum + force, 0);
  }

  close(): void {
    this.stateBuffer.delete();
    this.forceBuffer.delete();
    this.handles.data.delete();
    this.handles.model.delete();
  }

  private freeJoint(body: string): number {
    const id = this.id("body", body);
    const joint = this.model.body_jntadr[id]!;
    if (joint < 0 || this.model.jnt_type[joint] !== freeJoint)
      throw new Error(`Expected body "${body}" to have a free joint, so that it can be placed`);
    return joint;
  }

  private readContacts(): Contact[] {
    const { module } = this.runtime;
    const { model, data } = this.handles;
    if (this.data.ncon === 0) return [];
    const list: Contact[] = [];
    const copies = data.contact; // a copy of the vector; so is every element
    for (let i = 0; i < copies.size(); i++) {
      const contact = copies.get(i)!;
      module.mj_contactForce(model, data, i, this.forceBuffer);
      list.push({
        geom1: contact.geom1,
        geom2: contact.geom2,
        force: (this.forceBuffer.GetView() as Float64Array)[0]!,
      });
      contact.delete();
    }
    copies.delete();
    return list;
  }

  private check(): void {
    for (const name of ["qpos", "qvel"] as const) {
      const at = this.data[name].findIndex((x) => !(Math.abs(x) <= largest));
      if (at < 0) continue;
      const said = this.runtime.takeMessages();
      throw new PistarError(
        "diverged",
        `The simulation diverged: ${name}[${at}] is ${this.data[name][at]} at ${this.data.time.toFixed(3)} s. Reset the world; ` +
          `if it comes again, use a shorter timestep or softer contacts.${said.length > 0 ? ` MuJoCo: ${said.join("; ")}` : ""}`,
      );
    }
  }
}
