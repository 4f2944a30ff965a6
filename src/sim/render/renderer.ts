// Cameras without a GPU: a z-buffer rasteriser for geoms in MuJoCo's layout, on one thread, with the same bytes on every machine. It has
// perspective-correct depth and Gouraud shading by Lambert's law, but no shadows, textures or transparency.
import { checkGeom, checkGeoms, checkLength, checkPicture } from "./checks.ts";
import { aimLights, createGeomView, isOutside, type Projection, paintGeom, placeGeom, scaleGeom } from "./geom-view.ts";
import { geometryOf, prepareGeometries } from "./geometries.ts";
import { createPlaneView, drawPlane } from "./plane.ts";
import { resolveNearest, resolveRgb } from "./resolve.ts";
import { type Camera, geomTypes, type Mesh, type Rgb, type Scene } from "./scene.ts";
import { createVertices, drawShape, type Raster } from "./shape-view.ts";
import type { Samples } from "./triangle.ts";

/** Options of `createRenderer`. */
export interface RendererOptions {
  /** pixels */
  readonly width: number;
  readonly height: number;
  /** Samples across a pixel: 2 averages 2×2 of them; default 1. */
  readonly samples?: 1 | 2;
  /** Metres ahead of the camera; nearer parts are cut away. Default 0.01. */
  readonly near?: number;
  /** Meshes for geoms of type mesh, by number. */
  readonly meshes?: readonly Mesh[];
}

/** Arrays of a picture to write. Those left out are not computed. */
export interface Picture {
  /** [height, width, 3] */
  readonly rgb?: Uint8Array;
  /** Metres along the camera's axis (not along the ray), Infinity on the background. [height, width] */
  readonly depth?: Float32Array;
  /** The geom's segmentation number, −1 on the background. [height, width] */
  readonly segmentation?: Int32Array;
}

/** A renderer for pictures of one size. */
export interface Renderer {
  /**
   * Draws `scene` from `camera` into the arrays of `into`. It allocates and keeps nothing: one renderer serves any
   * number of cameras, scenes and frames of its size. With supersampling, depth and segmentation are those of a pixel's
   * nearest sample.
   * @throws RangeError for arrays of a wrong length, unknown types or meshes, and poses that are not finite
   */
  render(scene: Scene, camera: Camera, into: Picture): void;
}

/**
 * Prepares a renderer: its buffers and the triangles of all shapes.
 * @throws RangeError for an empty picture, a near plane not ahead, or a wrong mesh
 */
export function createRenderer({ width, height, samples = 1, near = 0.01, meshes = [] }: RendererOptions): Renderer {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0))
    throw new RangeError(`Expected a picture of at least 1×1 pixels, got ${width}×${height}`);
  if (!(near > 0)) throw new RangeError(`Expected \`near\` to be above 0 m, got ${near}`);
  const geometries = prepareGeometries(meshes);
  const projection: Projection = { focal: 0, near };
  const grid = createSamples(width * samples, height * samples);
  const raster: Raster = { samples: grid, vertices: createVertices(geometries.mostVertices), projection };
  const view = createGeomView();
  const plane = createPlaneView(view);

  function draw(scene: Scene, camera: Camera, geom: number, planes: boolean): void {
    const { geoms, lighting } = scene;
    const type = geoms.type[geom]!;
    const id = geoms.segmentation[geom]!;
    if (id < 0 || geoms.rgba[geom * 4 + 3] === 0 || (type === geomTypes.plane) !== planes) return;
    const mesh = type === geomTypes.mesh ? geoms.mesh[geom]! : -1;
    checkGeom(geom, type, mesh, meshes.length);
    placeGeom(view, geoms, geom, camera);
    const radius = planes
      ? Infinity
      : scaleGeom(view, geoms, geom, geometries.meshRadii[mesh] ?? 0) * geometries.rounds[0]!.outset;
    if (!planes && isOutside(view, projection, grid, radius)) return;
    paintGeom(view, lighting, geoms.rgba[geom * 4]!, geoms.rgba[geom * 4 + 1]!, geoms.rgba[geom * 4 + 2]!);
    if (planes) drawPlane(grid, plane, view, projection, scene, geom);
    else drawShape(raster, geometryOf(geometries, view, projection, type, mesh, radius), view, id);
  }

  return {
    render(scene, camera, into) {
      checkGeoms(scene.geoms);
      checkLength("camera.position", camera.position, 3);
      checkLength("camera.rotation", camera.rotation, 9);
      if (!(camera.fovy > 0 && camera.fovy < 180))
        throw new RangeError(`Expected camera.fovy above 0° and below 180°, got ${camera.fovy}`);
      checkPicture(into, width * height);
      projection.focal = grid.height / 2 / Math.tan((camera.fovy * Math.PI) / 360);
      grid.inverse.fill(0);
      grid.id.fill(-1);
      grid.colour.fill(pack(scene.background));
      aimLights(view, scene.lighting, camera);
      const count = scene.geoms.type.length;
      for (let geom = 0; geom < count; geom++) draw(scene, camera, geom, false);
      for (let geom = 0; geom < count; geom++) draw(scene, camera, geom, true); // last: most of them is hidden by then
      if (into.rgb) resolveRgb(grid, samples, into.rgb);
      if (into.depth || into.segmentation) resolveNearest(grid, samples, into.depth, into.segmentation);
    },
  };
}

function createSamples(width: number, height: number): Samples {
  const size = width * height;
  return {
    width,
    height,
    inverse: new Float32Array(size),
    colour: new Int32Array(size),
    id: new Int32Array(size),
  };
}

function pack([red, green, blue]: Rgb): number {
  const byte = (part: number) => Math.round(255 * Math.min(Math.max(part, 0), 1));
  return byte(red) | (byte(green) << 8) | (byte(blue) << 16);
}
