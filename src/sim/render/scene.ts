// A scene to draw: plain arrays in MuJoCo's layout and under its names. Views of its model and data fit directly. World
// frame: z up, metres. Colours are linear factors from 0 to 1.

/** MuJoCo's numbers for the types of geoms (mjtGeom). */
export const geomTypes = { plane: 0, sphere: 2, capsule: 3, ellipsoid: 4, cylinder: 5, box: 6, mesh: 7 } as const;

/** A vector or a run of vectors, as MuJoCo keeps poses (float64) and colours (float32). */
type Numbers = Float32Array | Float64Array;

/** A colour, 0 to 1. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** `n` geoms as a structure of arrays. n is the length of `type`; part i of each array belongs to geom i. */
export interface Geoms {
  /** One of `geomTypes` each (model.geom_type). [n] */
  readonly type: Int32Array;
  /**
   * Half-lengths in metres as MuJoCo defines them (model.geom_size). [n, 3] Sphere: radius. Capsule: radius,
   * half-length of its straight part along z. Cylinder: radius, half-length. Ellipsoid: semi-axes. Box: half-sides.
   * Plane: half-sides along x and y, 0 = endless. Meshes ignore it.
   */
  readonly size: Numbers;
  /** Centres in the world (data.geom_xpos). [n, 3] */
  readonly position: Numbers;
  /** World from geom, row-major (data.geom_xmat). [n, 9] */
  readonly rotation: Numbers;
  /** Colours (model.geom_rgba). [n, 4] A geom with alpha 0 is not drawn. Any other is opaque. */
  readonly rgba: Numbers;
  /** The geom's number in the segmentation image. [n] A geom with a negative number is not drawn. */
  readonly segmentation: Int32Array;
  /** Mesh number of a geom of type mesh (model.geom_dataid). [n] */
  readonly mesh: Int32Array;
}

/** Triangles, counter-clockwise seen from outside. */
export interface Mesh {
  /** [vertices, 3], metres, in the geom's frame */
  readonly vertices: Float32Array;
  /** Vertex numbers, [faces, 3] */
  readonly faces: Int32Array | Uint32Array;
  /** Normals [normals, 3] and the normal's number at each corner [faces, 3]. Without them every face is flat. */
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
  /** A light along the camera's view. */
  readonly headlight: Rgb;
  readonly directional: readonly DirectionalLight[];
}

interface DirectionalLight {
  /** The light's direction of travel in the world, of any length but 0. */
  readonly direction: readonly [x: number, y: number, z: number];
  readonly rgb: Rgb;
}

/** Everything in a picture. */
export interface Scene {
  readonly geoms: Geoms;
  readonly lighting: Lighting;
  readonly background: Rgb;
  /** Checkers on endless planes: squares of this colour alternate with the plane's own; `side` in metres. */
  readonly checker?: { readonly rgb: Rgb; readonly side: number };
}
