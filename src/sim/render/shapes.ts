// Triangles of unit shapes and of meshes. A geom's vertex is `position × scale + shift × (0, 0, length)`. A capsule is
// a sphere of its radius with halves shifted apart by its half-length.
import type { Mesh } from "./scene.ts";

/** Triangles of a shape. */
export interface Geometry {
  readonly positions: Float32Array; // [vertices, 3]
  readonly shifts: Float32Array; // [vertices]: −1, 0 or 1
  readonly normals: Float32Array; // [vertices, 3], unit length
  readonly faces: Uint32Array; // [faces, 3], counter-clockwise seen from outside
}

/** A ring around the z axis: distance from the axis, height, shift, and the normal's outward and upward parts. */
type Ring = readonly [radius: number, z: number, shift: number, outward: number, upward: number];

/**
 * The surface of revolution of a profile about z in `segments` steps. The profile's rings go from the bottom up. Rings
 * of radius 0 are poles; neighbouring rings at one place make a crease.
 */
function revolve(profile: readonly Ring[], segments: number): Geometry {
  const vertices: number[][] = [];
  const faces: number[] = [];
  for (const [radius, z, shift, outward, upward] of profile)
    for (let step = 0; step < segments; step++) {
      const angle = (2 * Math.PI * step) / segments;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      vertices.push([radius * cos, radius * sin, z, shift, outward * cos, outward * sin, upward]);
    }
  for (let ring = 0; ring + 1 < profile.length; ring++) {
    const [lower, upper] = [profile[ring]!, profile[ring + 1]!];
    if (lower[0] === upper[0] && lower[1] === upper[1] && lower[2] === upper[2]) continue;
    for (let step = 0; step < segments; step++) {
      const a = ring * segments + step;
      const b = ring * segments + ((step + 1) % segments);
      const [c, d] = [a + segments, b + segments];
      if (lower[0] > 0) faces.push(a, b, upper[0] > 0 ? d : c);
      if (upper[0] > 0) faces.push(a, d, c);
    }
  }
  return {
    positions: Float32Array.from(vertices.flatMap((vertex) => vertex.slice(0, 3))),
    shifts: Float32Array.from(vertices, (vertex) => vertex[3]!),
    normals: Float32Array.from(vertices.flatMap((vertex) => vertex.slice(4))),
    faces: Uint32Array.from(faces),
  };
}

/** Radius of a polygon with the area of the unit circle. */
function equalArea(segments: number): number {
  const angle = (2 * Math.PI) / segments;
  return Math.sqrt(angle / Math.sin(angle));
}

/** Half of a circle of latitudes, from −90° (or 0°) to 0° (or 90°). */
function quarter(segments: number, from: number, shift: number): Ring[] {
  const steps = segments / 4;
  const out = equalArea(segments);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const latitude = ((from + step) / steps) * (Math.PI / 2);
    const pole = Math.abs(from + step) === steps;
    const cos = pole ? 0 : Math.cos(latitude);
    return [cos * out, Math.sin(latitude) * out, shift, cos, Math.sin(latitude)] as const;
  });
}

/** A unit sphere (and, scaled, an ellipsoid); `segments` around, a multiple of 4. Its outline has the area of the true one. */
function sphere(segments: number): Geometry {
  return revolve([...quarter(segments, -segments / 4, 0), ...quarter(segments, 0, 0).slice(1)], segments);
}

/** A unit sphere whose halves shift apart. */
function capsule(segments: number): Geometry {
  return revolve([...quarter(segments, -segments / 4, -1), ...quarter(segments, 0, 1)], segments);
}

/** Radius 1, z from −1 to 1. */
function cylinder(segments: number): Geometry {
  const out = equalArea(segments);
  const profile: Ring[] = [
    [0, -1, 0, 0, -1],
    [out, -1, 0, 0, -1],
    [out, -1, 0, 1, 0],
    [out, 1, 0, 1, 0],
    [out, 1, 0, 0, 1],
    [0, 1, 0, 0, 1],
  ];
  return revolve(profile, segments);
}

/** The round shapes from coarse to fine. */
export function roundShapes() {
  return [8, 12, 16, 24, 32, 48, 64].map((segments) => ({
    /** Distance of facets from the circle of radius 1, and the radius of the corners. */
    sagitta: 1 - Math.cos(Math.PI / segments),
    outset: equalArea(segments),
    sphere: sphere(segments),
    capsule: capsule(segments),
    cylinder: cylinder(segments),
  }));
}

/** From −1 to 1 along each axis. */
export function box(): Geometry {
  const positions: number[] = [];
  const normals: number[] = [];
  const faces: number[] = [];
  for (let axis = 0; axis < 3; axis++)
    for (const side of [-1, 1]) {
      const first = positions.length / 3;
      for (const [s, t] of [
        [-1, -1],
        [side, -side],
        [1, 1],
        [-side, side],
      ] as const) {
        const corner = [0, 0, 0];
        corner[axis] = side;
        corner[(axis + 1) % 3] = s;
        corner[(axis + 2) % 3] = t;
        positions.push(...corner);
        normals.push(...[0, 1, 2].map((other) => (other === axis ? side : 0)));
      }
      faces.push(first, first + 1, first + 2, first, first + 2, first + 3);
    }
  return {
    positions: Float32Array.from(positions),
    shifts: new Float32Array(24),
    normals: Float32Array.from(normals),
    faces: Uint32Array.from(faces),
  };
}

/** A mesh with one vertex for each pair of a position and a normal. */
export function meshShape({ vertices, faces, normals }: Mesh, index: number): Geometry {
  if (faces.length % 3 || vertices.length % 3)
    throw new RangeError(
      `Mesh ${index}: expected vertices [n, 3] and faces [m, 3], got ${vertices.length} and ${faces.length} numbers`,
    );
  const vectors = normals?.vectors ?? faceNormals(vertices, faces);
  const corners = normals?.faces ?? faces.map((_, corner) => Math.floor(corner / 3));
  if (corners.length !== faces.length)
    throw new RangeError(`Mesh ${index}: expected a normal for each of ${faces.length} corners, got ${corners.length}`);
  const known = new Map<string, number>();
  const positions: number[] = [];
  const directions: number[] = [];
  const joined = Uint32Array.from(faces, (vertex, corner) => {
    const normal = corners[corner]!;
    if (!(vertex >= 0 && vertex * 3 < vertices.length && normal >= 0 && normal * 3 < vectors.length))
      throw new RangeError(
        `Mesh ${index}, face ${Math.floor(corner / 3)}: expected a vertex below ${vertices.length / 3} and a normal below ` +
          `${vectors.length / 3}, got ${vertex} and ${normal}`,
      );
    const key = `${vertex}/${normal}`;
    const at = known.get(key) ?? known.size;
    if (at === known.size) {
      known.set(key, at);
      positions.push(...vertices.subarray(vertex * 3, vertex * 3 + 3));
      directions.push(...unit(vectors[normal * 3]!, vectors[normal * 3 + 1]!, vectors[normal * 3 + 2]!));
    }
    return at;
  });
  return {
    positions: Float32Array.from(positions),
    shifts: new Float32Array(known.size),
    normals: Float32Array.from(directions),
    faces: joined,
  };
}

function faceNormals(vertices: Float32Array, faces: Int32Array | Uint32Array): Float32Array {
  const normals = new Float32Array(faces.length);
  for (let face = 0; face < faces.length; face += 3) {
    const [a, b, c] = [faces[face]! * 3, faces[face + 1]! * 3, faces[face + 2]! * 3];
    const [ux, uy, uz] = [0, 1, 2].map((axis) => vertices[b + axis]! - vertices[a + axis]!) as [number, number, number];
    const [vx, vy, vz] = [0, 1, 2].map((axis) => vertices[c + axis]! - vertices[a + axis]!) as [number, number, number];
    normals.set([uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx], face);
  }
  return normals;
}

function unit(x: number, y: number, z: number): [number, number, number] {
  const length = Math.hypot(x, y, z) || 1; // a face without area has no normal and is never seen
  return [x / length, y / length, z / length];
}
