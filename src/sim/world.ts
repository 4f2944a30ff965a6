// The simulated robot: an SO-101 at a table in MuJoCo, driven through the interface of a real one.
import type { Image } from "../data/index.ts";
import {
  type Camera,
  checkTargets,
  type EpisodeStart,
  fromRadians,
  type Health,
  type Joint,
  type Observation,
  type Robot,
  so101,
  so101Joints,
  toRadians,
} from "../robot/index.ts";
import { type Random, random } from "../system/index.ts";
import { Appearance } from "./appearance.ts";
import { type CameraOptions, type Cameras, createCameras, type RgbdImage, type Viewpoint } from "./camera.ts";
import { formatMjcf } from "./mjcf.ts";
import { createPhysics, type Physics } from "./physics.ts";
import { type SceneParts, so101Scene } from "./scene.ts";

/** The objects of a world, and how an episode begins. */
export interface Setting {
  /**
   * The objects on the table beside pistar's own SO-101. Or a folder with a world of one's own: its joints and position actuators must have
   * the SO-101's names (those without ".pos").
   */
  readonly scene: SceneParts | { readonly folder: string; readonly file: string };
  /** Places the objects for a new episode, with the arm at rest. Returns the instruction: the given one, or one drawn. */
  arrange(physics: Physics, random: Random, instruction?: string): string;
}

/** Options of a world. */
export interface WorldOptions {
  /** Cameras of `observe` (default: every named camera of the scene, "front" and "wrist" in pistar's own), 64 × 64 pixels unless they say. */
  readonly cameras?: readonly CameraOptions[];
  /** Control rate in Hz; a period must be a whole number of physics steps. */
  readonly fps?: number;
  /** Whether light and colours vary with the seed. */
  readonly randomise?: boolean;
  /** Whether control periods take their real time, for a person who watches or takes over (default: false). */
  readonly realTime?: boolean;
}

/** A saved moment of an episode. `restoreMoment` continues there, to the bit. */
export interface Moment {
  readonly seed: number;
  readonly task: string;
  readonly physics: Float64Array;
}

/** Joint angles at the beginning of an episode, radians: folded over the base, gripper closed, the table in free view. */
const rest = [0, -1.55, 1.4, 1, 0, 0];

/** Seconds that placed objects are given to come to rest before an episode begins. */
const settling = 0.2;

/**
 * Opens a world.
 * @throws Error if the model does not compile, a camera is unknown, or the control rate does not fit the physics step
 */
export async function createWorld(setting: Setting, options: WorldOptions = {}): Promise<World> {
  const { scene } = setting;
  const source = "folder" in scene ? scene : { xml: formatMjcf(so101Scene(scene)) };
  const physics = await createPhysics(source);
  try {
    return new World(setting, physics, await createCameras(physics), options);
  } catch (error) {
    physics.close();
    throw error;
  }
}

/** An SO-101 in simulation. It owns memory outside JavaScript: `close` it. */
export class World implements Robot {
  readonly type = "so101_follower";
  readonly unit = "normalised";
  readonly joints: readonly Joint[] = so101Joints;
  readonly cameras: readonly Camera[];
  readonly fps: number;
  readonly realTime: boolean;
  /** The simulation itself, for tasks, demonstrators and cameras; it belongs to the world. */
  readonly physics: Physics;
  private readonly setting: Setting;
  private readonly eyes: Cameras;
  private readonly appearance: Appearance | undefined;
  private readonly substeps: number;
  /** Per joint: where its angle is in qpos, and its actuator. */
  private readonly addresses: readonly number[];
  private readonly actuators: readonly number[];
  private seed = 0;
  private task = "";
  /** When the next control period ends in real time, milliseconds of `performance.now()`. */
  private tick = 0;
  private lateTicks = 0;

  /** Takes over `physics`: closing the world closes it. */
  constructor(
    setting: Setting,
    physics: Physics,
    eyes: Cameras,
    { cameras, fps = 25, randomise = true, realTime = false }: WorldOptions,
  ) {
    const substeps = 1 / (fps * physics.model.opt.timestep);
    if (!(Math.abs(substeps - Math.round(substeps)) < 1e-6 && substeps >= 1))
      throw new RangeError(
        `Expected a control rate whose period is a whole number of physics steps of ${physics.model.opt.timestep} s, got ${fps} Hz`,
      );
    this.setting = setting;
    this.physics = physics;
    this.eyes = eyes;
    const named = physics.names("camera").filter((name) => name !== "");
    this.cameras = (cameras ?? named.map((name): CameraOptions => ({ name }))).map(sized);
    for (const { name } of this.cameras) physics.id("camera", name);
    this.fps = fps;
    this.realTime = realTime;
    this.substeps = Math.round(substeps);
    this.appearance = randomise ? new Appearance(physics) : undefined;
    this.addresses = so101.map(({ joint }) => physics.model.jnt_qposadr[physics.id("joint", joint)]!);
    this.actuators = so101.map(({ joint }) => physics.id("actuator", joint));
    this.start(0);
  }

  /** The episode's instruction. */
  get instruction(): string {
    return this.task;
  }

  async reset({ seed, instruction }: EpisodeStart): Promise<void> {
    this.start(seed, instruction);
  }

  async observe(): Promise<Observation> {
    const { qpos } = this.physics.data;
    const state = Float32Array.from(fromRadians(this.addresses.map((address) => qpos[address]!)));
    const images = Object.fromEntries(this.cameras.map((camera) => [camera.name, this.eyes.capture(camera)]));
    return { images, state, task: this.task };
  }

  /** The present view of one of the scene's cameras, at any size, with depth and segmentation. For films and tests. */
  look(camera: CameraOptions): RgbdImage {
    return this.eyes.captureRgbd(camera);
  }

  /** What is seen now from a place without a camera: for films. */
  lookFrom(view: Viewpoint): Image {
    return this.eyes.captureFrom(view);
  }

  async act(targets: ArrayLike<number>): Promise<void> {
    checkTargets(targets, this.joints);
    this.control(toRadians(targets));
    this.physics.step(this.substeps);
    if (this.realTime) await this.nextTick();
  }

  async hold(): Promise<void> {
    this.control(this.addresses.map((address) => this.physics.data.qpos[address]!));
  }

  async health(): Promise<Health> {
    return { joints: this.joints.map(({ name }) => ({ name, faults: [] })), lateTicks: this.lateTicks };
  }

  /** Puts the arm's joints at these angles (radians) at once, whatever is in the way. For pictures, not within an episode. */
  placeArm(radians: readonly number[]): void {
    for (const [i, address] of this.addresses.entries()) this.physics.data.qpos[address] = radians[i]!;
    this.physics.forward();
  }

  async close(): Promise<void> {
    this.physics.close();
  }

  /** This moment, to come back to. */
  saveMoment(): Moment {
    return { seed: this.seed, task: this.task, physics: this.physics.save() };
  }

  /** Continues exactly at `moment`, of this world or of another one with the same setting and options. */
  restoreMoment({ seed, task, physics }: Moment): void {
    this.seed = seed;
    this.task = task;
    this.appearance?.randomise(random(seed).split("appearance"));
    this.physics.restore(physics);
  }

  private control(radians: readonly number[]): void {
    const { ctrl } = this.physics.data;
    for (const [i, actuator] of this.actuators.entries()) ctrl[actuator] = radians[i]!;
  }

  /** Waits for the end of the control period. Deadlines are absolute: a late period does not delay those after it. */
  private async nextTick(): Promise<void> {
    this.tick += 1000 / this.fps;
    const left = this.tick - performance.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    else this.lateTicks++;
  }

  private start(seed: number, instruction?: string): void {
    const { physics } = this;
    this.seed = seed;
    physics.reset();
    this.appearance?.randomise(random(seed).split("appearance"));
    for (const [i, address] of this.addresses.entries()) physics.data.qpos[address] = rest[i]!;
    this.control(rest);
    this.task = this.setting.arrange(physics, random(seed).split("arrange"), instruction);
    physics.forward();
    physics.step(Math.round(settling / physics.model.opt.timestep));
    physics.handles.data.time = 0;
    this.tick = performance.now();
    this.lateTicks = 0;
  }
}

/** A camera's pictures are 64 × 64 pixels unless it says otherwise. */
const sized = ({ name, width = 64, height = 64 }: CameraOptions): Camera => ({ name, width, height });
