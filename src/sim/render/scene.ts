// What a picture is drawn from: plain arrays, laid out and named so that views of MuJoCo's model and data fit as they are.
// World frame: z up, metres. Colours are linear factors from 0 to 1.

/** MuJoCo's numbers for the types of geoms (mjtGeom). */
export const geomTypes = { plane: 0, sphere: 2, capsule: 3, ellipsoid: 4, cylinder: 5, box: 6, mesh: 7 } as const;

/** A vector or a run of vectors, as MuJoCo keeps poses (float64) and colours (float32). */
type Numbers = Float32Array | Float64Array;

export type Rgb = readonly [red: number, green: number, blue: number];

/** `n` geoms as a structure of arrays: n is the length of `type`, and part i of each array belongs to geom i. */
export interface Geoms {
  /** One of `geomTypes` each (model.geom_type). [n] */
  readonly type: Int32Array;
  /**
   * As MuJoCo defines it (model.geom_size). [n, 3] Half-lengths in metres: sphere (radius), capsule (radius, half-length of its
   * straight part, along z), cylinder (radius, half-length), ellipsoid (semi-axes), box (half-sides), plane (half-sides along x and y,
   * 0 = without end). Meshes ignore it.
   */
  readonly size: Numbers;
  /** Centres in the world (data.geom_xpos). [n, 3] */
  readonly position: Numbers;
  /** World from geom, row-major (data.geom_xmat). [n, 9] */
  readonly rotation: Numbers;
  /** Colours (model.geom_rgba). [n, 4] A geom with alpha 0 is not drawn; any other is opaque. */
  readonly rgba: Numbers;
  /** What the segmentation image holds where the geom is seen. [n] A geom with a negative number is not drawn. */
  readonly segmentation: Int32Array;
  /** Which of the renderer's meshes a geom of type mesh shows (model.geom_dataid). [n] */
  readonly mesh: Int32Array;
}

/** Triangles, counter-clockwise seen from outside. */
export interface Mesh {
  /** [vertices, 3], metres, in the geom's frame */
  readonly vertices: Float32Array;
  /** [faces, 3] numbers of vertices */
  readonly faces: Int32Array | Uint32Array;
  /** Normals [normals, 3] and the number of the normal at each corner [faces, 3]; without them every face is flat. */
  readonly normals?: { readonly vectors: Float32Array; readonly faces: Int32Array | Uint32Array };
}

/** A pinhole camera: looks along its −z axis, y up, square pixels. */
export interface Camera {
  /** data.cam_xpos [3] */
  readonly position: Numbers;
  /** World from camera, row-major (data.cam_xmat). [9] */
  readonly rotation: Numbers;
  /** Vertical field of view in degrees (model.cam_fovy). */
  readonly fovy: number;
}

/** Lambert's law without shadows: colour × (ambient + Σ light × max(0, cos of the angle to the normal)). */
export interface Lighting {
  readonly ambient: Rgb;
  /** A light that shines along the camera's view. */
  readonly headlight: Rgb;
  readonly directional: readonly DirectionalLight[];
}

interface DirectionalLight {
  /** The way the light travels, in the world; any length but 0. */
  readonly direction: readonly [x: number, y: number, z: number];
  readonly rgb: Rgb;
}

export interface Scene {
  readonly geoms: Geoms;
  readonly lighting: Lighting;
  readonly background: Rgb;
  /** Squares of this colour alternate with the plane's own on planes without end; `side` in metres. */
  readonly checker?: { readonly rgb: Rgb; readonly side: number };
}
