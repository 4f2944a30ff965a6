// The cameras of a model: the rasteriser draws geoms, lights and cameras from MuJoCo's arrays.
import type { Image } from "../data/index.ts";
import { modelMeshes } from "./meshes.ts";
import type { Physics } from "./physics.ts";
import { createRenderer, type Picture, type Renderer } from "./render/renderer.ts";
import type { Camera, Geoms, Mesh, Rgb } from "./render/scene.ts";

/** A camera of the model and the size of its images. */
export interface CameraOptions {
  /** The camera's name in the MJCF. */
  readonly name: string;
  /** Pixels; default 64 × 64. */
  readonly width?: number;
  readonly height?: number;
}

/**
 * A viewpoint apart from the model's cameras, for films and pictures, never for a policy. Metres in the world's frame.
 */
export interface Viewpoint {
  readonly from: readonly [x: number, y: number, z: number];
  /** The middle of the picture. */
  readonly towards: readonly [x: number, y: number, z: number];
  /** Vertical field of view, degrees. */
  readonly fovy: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** An image with more than a robot's camera knows. */
export interface RgbdImage extends Image {
  /** Metres along the camera's axis, Infinity on the background. [height, width] */
  readonly depth: Float32Array;
  /** The visible geom's number, −1 on the background. [height, width] */
  readonly segmentation: Int32Array;
}

/** Groups 3 to 5 hold invisible geoms, such as shapes for collisions alone. */
const visibleGroups = 3;
const background: Rgb = [0.7, 0.76, 0.82];

/** Prepares to draw a model by simplifying its meshes. The cameras live as long as `physics`. */
export async function createCameras(physics: Physics): Promise<Cameras> {
  return new Cameras(physics, await modelMeshes(physics.model));
}

/**
 * Draws geoms of groups 0 to 2 in their colours, with 2×2 samples a pixel. The model's headlight and all its lights
 * shine, as if from far away. There are no shadows, textures, transparency, sites, tendons or skins.
 */
export class Cameras {
  private readonly physics: Physics;
  private readonly meshes: readonly Mesh[];
  private readonly renderers = new Map<string, Renderer>();
  private readonly segmentation: Int32Array;
  private readonly headlight: { readonly ambient: Rgb; readonly diffuse: Rgb };
  private views: ReturnType<typeof readViews>;

  constructor(physics: Physics, meshes: readonly Mesh[]) {
    this.physics = physics;
    this.meshes = meshes;
    this.segmentation = Int32Array.from(physics.model.geom_group, (group, geom) => (group < visibleGroups ? geom : -1));
    const { active, ambient, diffuse } = physics.handles.model.vis.headlight;
    this.headlight = {
      ambient: active ? rgb(ambient as Float32Array, 0) : [0, 0, 0],
      diffuse: active ? rgb(diffuse as Float32Array, 0) : [0, 0, 0],
    };
    this.views = readViews(physics, this.segmentation);
  }

  /**
   * The camera's present image.
   * @throws Error for an unknown camera
   */
  capture({ name, width = 64, height = 64 }: CameraOptions): Image {
    const data = new Uint8Array(width * height * 3);
    this.render(name, width, height, { rgb: data });
    return { width, height, data };
  }

  /** The present image with depth and segmentation, those of each pixel's nearest sample. */
  captureRgbd({ name, width = 64, height = 64 }: CameraOptions): RgbdImage {
    const data = new Uint8Array(width * height * 3);
    const depth = new Float32Array(width * height);
    const segmentation = new Int32Array(width * height);
    this.render(name, width, height, { rgb: data, depth, segmentation });
    return { width, height, data, depth, segmentation };
  }

  /** The view from a place without a camera. */
  captureFrom({ from, towards, fovy, width, height }: Viewpoint): Image {
    const data = new Uint8Array(width * height * 3);
    this.draw({ position: Float64Array.from(from), rotation: facing(from, towards), fovy }, width, height, {
      rgb: data,
    });
    return { width, height, data };
  }

  private render(name: string, width: number, height: number, into: Picture): void {
    const camera = this.physics.id("camera", name);
    const { position, rotation, fovy } = this.fresh().cameras;
    const view = {
      position: position.subarray(3 * camera, 3 * camera + 3),
      rotation: rotation.subarray(9 * camera, 9 * camera + 9),
      fovy: fovy[camera]!,
    };
    this.draw(view, width, height, into);
  }

  /** MuJoCo's arrays. They go stale, all at once, when wasm memory grows. */
  private fresh(): ReturnType<typeof readViews> {
    if (this.views.geoms.position.length === 0) this.views = readViews(this.physics, this.segmentation);
    return this.views;
  }

  private draw(view: Camera, width: number, height: number, into: Picture): void {
    const { geoms, lights } = this.fresh();
    const ambient = rgb(this.headlight.ambient, 0);
    const directional = Array.from({ length: lights.diffuse.length / 3 }, (_, light) => {
      for (let i = 0; i < 3; i++) ambient[i]! += lights.ambient[3 * light + i]!;
      return { direction: rgb(lights.direction, 3 * light), rgb: rgb(lights.diffuse, 3 * light) };
    });
    this.renderer(width, height).render(
      { geoms, lighting: { ambient, headlight: this.headlight.diffuse, directional }, background },
      view,
      into,
    );
  }

  private renderer(width: number, height: number): Renderer {
    const size = `${width}×${height}`;
    const renderer = this.renderers.get(size) ?? createRenderer({ width, height, samples: 2, meshes: this.meshes });
    this.renderers.set(size, renderer);
    return renderer;
  }
}

/**
 * Row-major rotation of a camera that looks from one point towards another with z upwards. Its columns are right, up
 * and backwards.
 */
function facing(from: Viewpoint["from"], towards: Viewpoint["towards"]): Float64Array {
  const unit = (v: readonly number[]) => v.map((x) => x / Math.hypot(...v));
  const cross = ([ax, ay, az]: readonly number[], [bx, by, bz]: readonly number[]) => [
    ay! * bz! - az! * by!,
    az! * bx! - ax! * bz!,
    ax! * by! - ay! * bx!,
  ];
  const back = unit(from.map((x, i) => x - towards[i]!));
  const right = unit(cross([0, 0, 1], back));
  const up = cross(back, right);
  return Float64Array.from([0, 1, 2].flatMap((row) => [right[row]!, up[row]!, back[row]!]));
}

function rgb(values: ArrayLike<number>, at: number): [number, number, number] {
  return [values[at]!, values[at + 1]!, values[at + 2]!];
}

function readViews({ model, data }: Physics, segmentation: Int32Array) {
  const geoms: Geoms = {
    type: model.geom_type,
    size: model.geom_size,
    position: data.geom_xpos,
    rotation: data.geom_xmat,
    rgba: model.geom_rgba,
    segmentation,
    mesh: model.geom_dataid,
  };
  return {
    geoms,
    cameras: { position: data.cam_xpos, rotation: data.cam_xmat, fovy: model.cam_fovy },
    lights: { direction: data.light_xdir, diffuse: model.light_diffuse, ambient: model.light_ambient },
  };
}
