// Cameras without a GPU: a z-buffer rasteriser that draws geoms laid out as MuJoCo lays them out, on one thread, the same bytes on
// every machine. Perspective-correct depth, Gouraud shading by Lambert's law; no shadows, textures or transparency.
import { checkGeom, checkGeoms, checkLength, checkPicture } from "./checks.ts";
import { fillPlane, type PlaneView } from "./plane.ts";
import { resolveNearest, resolveRgb } from "./resolve.ts";
import { type Camera, type Geoms, geomTypes, type Mesh, type Rgb, type Scene } from "./scene.ts";
import { createVertices, drawShape, type GeomView, type Projection } from "./shape-view.ts";
import { box, type Geometry, meshShape, roundShapes } from "./shapes.ts";
import type { Samples } from "./triangle.ts";

export interface RendererOptions {
  /** pixels */
  readonly width: number;
  readonly height: number;
  /** Samples across a pixel: 2 averages 2×2 of them. */
  readonly samples?: 1 | 2;
  /** Metres ahead of the camera; what is nearer is cut away. */
  readonly near?: number;
  /** What geoms of type mesh show, by their number. */
  readonly meshes?: readonly Mesh[];
}

/** Arrays that a picture is written into; those left out are not computed. */
export interface Picture {
  /** [height, width, 3] */
  readonly rgb?: Uint8Array;
  /** Metres along the camera's axis (not along the ray), Infinity on the background. [height, width] */
  readonly depth?: Float32Array;
  /** The geom's segmentation number, −1 on the background. [height, width] */
  readonly segmentation?: Int32Array;
}

export interface Renderer {
  /**
   * Draws `scene` as `camera` sees it into the arrays of `into`. Nothing is allocated and nothing kept, so one renderer serves any
   * number of cameras, scenes and frames of its size. With supersampling, depth and segmentation are those of a pixel's nearest
   * sample. Throws a RangeError for arrays of a wrong length, unknown types or meshes, and poses that are not finite.
   */
  render(scene: Scene, camera: Camera, into: Picture): void;
}

/** Prepares a renderer: its buffers and the triangles of all shapes. */
export function createRenderer({
  width,
  height,
  samples: across = 1,
  near = 0.01,
  meshes = [],
}: RendererOptions): Renderer {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0))
    throw new RangeError(`Expected a picture of at least 1×1 pixels, got ${width}×${height}`);
  if (!(near > 0)) throw new RangeError(`Expected \`near\` to be above 0 m, got ${near}`);
  const size = width * height * across * across;
  const samples: Samples = {
    width: width * across,
    height: height * across,
    inverse: new Float32Array(size),
    colour: new Int32Array(size),
    id: new Int32Array(size),
  };
  const rounds = roundShapes();
  const boxShape = box();
  const meshShapes = meshes.map(meshShape);
  const meshRadii = meshShapes.map(boundingRadius);
  const finest = rounds[rounds.length - 1]!;
  const largest = [finest.sphere, finest.capsule, finest.cylinder, boxShape, ...meshShapes];
  const vertices = createVertices(Math.max(...largest.map((shape) => shape.shifts.length)));
  const projection: Projection = { focal: 0, near };
  const placement: GeomView = {
    rotation: new Float64Array(9),
    centre: new Float64Array(3),
    scale: new Float64Array(4),
    ambient: new Float64Array(3),
    lights: new Float64Array(6),
    lightCount: 0,
  };
  const plane: PlaneView = {
    axes: new Float64Array(9),
    centre: placement.centre,
    half: new Float64Array(2),
    even: 0,
    odd: 0,
    side: Infinity,
  };
  // Directions to the lights in the camera's frame and their colours, the headlight first. [lights, 6]
  let lamps = new Float64Array(6);
  const normal = new Float64Array(3);

  function aimLights({ lighting }: Scene, { rotation }: Camera): void {
    const count = lighting.directional.length + 1;
    placement.lightCount = count;
    if (lamps.length < count * 6) {
      lamps = new Float64Array(count * 6);
      placement.lights = new Float64Array(count * 6);
    }
    lamps[2] = -1; // towards the camera
    lamps.set(lighting.headlight, 3);
    for (let i = 1; i < count; i++) {
      const { direction, rgb } = lighting.directional[i - 1]!;
      const length = -Math.hypot(direction[0], direction[1], direction[2]);
      for (let axis = 0; axis < 3; axis++) {
        const along =
          rotation[axis]! * direction[0] + rotation[axis + 3]! * direction[1] + rotation[axis + 6]! * direction[2];
        lamps[i * 6 + axis] = (axis === 2 ? -along : along) / length;
      }
      lamps.set(rgb, i * 6 + 3);
    }
  }

  /** The geom's pose in the camera's frame: right, up and ahead (the camera's −z). */
  function place({ position, rotation }: Geoms, geom: number, camera: Camera): void {
    const x = position[geom * 3]! - camera.position[0]!;
    const y = position[geom * 3 + 1]! - camera.position[1]!;
    const z = position[geom * 3 + 2]! - camera.position[2]!;
    let sum = x + y + z;
    for (let axis = 0; axis < 3; axis++) {
      const sign = axis === 2 ? -1 : 1;
      const ax = camera.rotation[axis]! * sign;
      const ay = camera.rotation[axis + 3]! * sign;
      const az = camera.rotation[axis + 6]! * sign;
      placement.centre[axis] = ax * x + ay * y + az * z;
      for (let column = 0, from = geom * 9; column < 3; column++, from++) {
        const value = ax * rotation[from]! + ay * rotation[from + 3]! + az * rotation[from + 6]!;
        placement.rotation[axis * 3 + column] = value;
        sum += value;
      }
    }
    if (!Number.isFinite(sum)) throw new RangeError(`Geom ${geom}: expected finite poses of geom and camera`);
  }

  /** The geom's colour under each light, 0..255. */
  function paint(scene: Scene, red: number, green: number, blue: number): void {
    const { ambient, lights, lightCount } = placement;
    for (let channel = 0; channel < 3; channel++) {
      const colour = 255 * (channel === 0 ? red : channel === 1 ? green : blue);
      ambient[channel] = colour * scene.lighting.ambient[channel]!;
      for (let i = 0; i < lightCount * 6; i += 6) {
        lights[i + channel] = lamps[i + channel]!;
        lights[i + 3 + channel] = colour * lamps[i + 3 + channel]!;
      }
    }
  }

  /** The colour of a surface with this normal (camera's frame), as it is painted. */
  function shade(): number {
    const { ambient, lights, lightCount } = placement;
    let packed = 0;
    for (let channel = 0; channel < 3; channel++) {
      let value = ambient[channel]!;
      for (let i = 0; i < lightCount * 6; i += 6) {
        const cosine = lights[i]! * normal[0]! + lights[i + 1]! * normal[1]! + lights[i + 2]! * normal[2]!;
        value += lights[i + 3 + channel]! * Math.max(0, cosine);
      }
      packed |= (Math.min(value, 255) + 0.5) << (8 * channel);
    }
    return packed;
  }

  function drawPlane(scene: Scene, geom: number, id: number): void {
    const { rotation } = placement;
    for (let axis = 0; axis < 3; axis++) {
      plane.axes[axis * 3] = rotation[axis]!;
      plane.axes[axis * 3 + 1] = rotation[axis + 3]!;
      plane.axes[axis * 3 + 2] = rotation[axis + 6]!;
      normal[axis] = rotation[axis * 3 + 2]!;
    }
    plane.half[0] = scene.geoms.size[geom * 3]!;
    plane.half[1] = scene.geoms.size[geom * 3 + 1]!;
    plane.even = shade();
    plane.side = Infinity;
    if (scene.checker && !(plane.half[0]! > 0 || plane.half[1]! > 0)) {
      plane.side = scene.checker.side;
      const [red, green, blue] = scene.checker.rgb;
      paint(scene, red, green, blue);
      plane.odd = shade();
    }
    fillPlane(samples, plane, projection.focal, near, id);
  }

  /** Sets the scale; returns the radius of a sphere around the geom. */
  function resize(type: number, x: number, y: number, z: number, meshRadius: number): number {
    const { scale } = placement;
    scale[3] = 0;
    switch (type) {
      case geomTypes.sphere:
      case geomTypes.capsule:
        scale[0] = scale[1] = scale[2] = x;
        scale[3] = type === geomTypes.capsule ? y : 0;
        return x + scale[3];
      case geomTypes.cylinder:
        scale[0] = scale[1] = x;
        scale[2] = y;
        return Math.hypot(x, y);
      case geomTypes.mesh:
        scale[0] = scale[1] = scale[2] = 1;
        return meshRadius;
      default:
        scale[0] = x;
        scale[1] = y;
        scale[2] = z;
        return type === geomTypes.box ? Math.hypot(x, y, z) : Math.max(x, y, z);
    }
  }

  function outside(radius: number): boolean {
    const [x, y, depth] = [placement.centre[0]!, placement.centre[1]!, placement.centre[2]!];
    if (depth + radius < near) return true;
    const across = samples.width / 2 / projection.focal;
    const up = samples.height / 2 / projection.focal;
    return (
      Math.abs(x) - depth * across > radius * Math.sqrt(1 + across * across) ||
      Math.abs(y) - depth * up > radius * Math.sqrt(1 + up * up)
    );
  }

  /** The triangles of a geom; round ones so fine that facets lie a quarter of a sample inside the true surface at most (2/3 of 0.375). */
  function shapeOf(type: number, mesh: number, radius: number): Geometry {
    if (type === geomTypes.box) return boxShape;
    if (type === geomTypes.mesh) return meshShapes[mesh]!;
    const { scale, centre } = placement;
    const bend = type === geomTypes.ellipsoid ? radius : scale[0]!;
    const seen = (bend * projection.focal) / Math.max(centre[2]! - radius, near);
    let level = 0;
    while (level + 1 < rounds.length && rounds[level]!.sagitta * seen > 0.375) level++;
    const round = rounds[level]!;
    if (type === geomTypes.cylinder) return round.cylinder;
    return type === geomTypes.capsule ? round.capsule : round.sphere;
  }

  function draw(scene: Scene, camera: Camera, geom: number, planes: boolean): void {
    const { geoms } = scene;
    const type = geoms.type[geom]!;
    const id = geoms.segmentation[geom]!;
    if (id < 0 || geoms.rgba[geom * 4 + 3] === 0 || (type === geomTypes.plane) !== planes) return;
    const mesh = type === geomTypes.mesh ? geoms.mesh[geom]! : -1;
    checkGeom(geom, type, mesh, meshes.length);
    place(geoms, geom, camera);
    const at = geom * 3;
    const radius = planes
      ? Infinity
      : resize(type, geoms.size[at]!, geoms.size[at + 1]!, geoms.size[at + 2]!, meshRadii[mesh] ?? 0) *
        rounds[0]!.outset;
    if (!planes && outside(radius)) return;
    paint(scene, geoms.rgba[geom * 4]!, geoms.rgba[geom * 4 + 1]!, geoms.rgba[geom * 4 + 2]!);
    if (planes) drawPlane(scene, geom, id);
    else drawShape(samples, vertices, shapeOf(type, mesh, radius), placement, projection, id);
  }

  return {
    render(scene, camera, into) {
      checkGeoms(scene.geoms);
      checkLength("camera.position", camera.position, 3);
      checkLength("camera.rotation", camera.rotation, 9);
      if (!(camera.fovy > 0 && camera.fovy < 180))
        throw new RangeError(`Expected camera.fovy above 0° and below 180°, got ${camera.fovy}`);
      checkPicture(into, width * height);
      projection.focal = samples.height / 2 / Math.tan((camera.fovy * Math.PI) / 360);
      samples.inverse.fill(0);
      samples.id.fill(-1);
      samples.colour.fill(pack(scene.background));
      aimLights(scene, camera);
      const count = scene.geoms.type.length;
      for (let geom = 0; geom < count; geom++) draw(scene, camera, geom, false);
      for (let geom = 0; geom < count; geom++) draw(scene, camera, geom, true); // last: most of them is hidden by then
      if (into.rgb) resolveRgb(samples, across, into.rgb);
      if (into.depth || into.segmentation) resolveNearest(samples, across, into.depth, into.segmentation);
    },
  };
}

function pack([red, green, blue]: Rgb): number {
  const byte = (part: number) => Math.round(255 * Math.min(Math.max(part, 0), 1));
  return byte(red) | (byte(green) << 8) | (byte(blue) << 16);
}

function boundingRadius({ positions }: Geometry): number {
  let radius = 0;
  for (let i = 0; i < positions.length; i += 3)
    radius = Math.max(radius, Math.hypot(positions[i]!, positions[i + 1]!, positions[i + 2]!));
  return radius;
}
