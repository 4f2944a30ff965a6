// The triangles of every geom that a renderer may meet, prepared once, and the choice among them.
import type { GeomView, Projection } from "./geom-view.ts";
import { geomTypes, type Mesh } from "./scene.ts";
import { box, type Geometry, meshShape, roundShapes } from "./shapes.ts";

/** Prepared triangles. */
export interface Geometries {
  readonly box: Geometry;
  /** Round shapes from coarse to fine. */
  readonly rounds: ReturnType<typeof roundShapes>;
  readonly meshes: readonly Geometry[];
  /** Radius of a sphere around each mesh, metres. */
  readonly meshRadii: readonly number[];
  /** The largest number of vertices. */
  readonly mostVertices: number;
}

/**
 * Prepares all shapes and meshes.
 * @throws RangeError for a mesh of wrong numbers
 */
export function prepareGeometries(meshes: readonly Mesh[]): Geometries {
  const rounds = roundShapes();
  const boxShape = box();
  const meshShapes = meshes.map(meshShape);
  const finest = rounds[rounds.length - 1]!;
  const largest = [finest.sphere, finest.capsule, finest.cylinder, boxShape, ...meshShapes];
  return {
    box: boxShape,
    rounds,
    meshes: meshShapes,
    meshRadii: meshShapes.map(boundingRadius),
    mostVertices: Math.max(...largest.map((shape) => shape.shifts.length)),
  };
}

/** Largest sagitta, samples. Corners stand out, so facets lie a quarter of a sample inside the surface at most (2/3 of it). */
const largestSagitta = 0.375;

/**
 * The triangles of a geom. Round ones are as fine as their size in the picture demands.
 * @param radius of a sphere around the geom, metres
 */
export function geometryOf(
  { box, rounds, meshes }: Geometries,
  { scale, centre }: GeomView,
  { focal, near }: Projection,
  type: number,
  mesh: number,
  radius: number,
): Geometry {
  if (type === geomTypes.box) return box;
  if (type === geomTypes.mesh) return meshes[mesh]!;
  const bend = type === geomTypes.ellipsoid ? radius : scale[0]!;
  const seen = (bend * focal) / Math.max(centre[2]! - radius, near);
  let level = 0;
  while (level + 1 < rounds.length && rounds[level]!.sagitta * seen > largestSagitta) level++;
  const round = rounds[level]!;
  if (type === geomTypes.cylinder) return round.cylinder;
  return type === geomTypes.capsule ? round.capsule : round.sphere;
}

function boundingRadius({ positions }: Geometry): number {
  let radius = 0;
  for (let i = 0; i < positions.length; i += 3)
    radius = Math.max(radius, Math.hypot(positions[i]!, positions[i + 1]!, positions[i + 2]!));
  return radius;
}
