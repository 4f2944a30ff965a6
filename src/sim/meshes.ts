// The meshes of a model for the cameras: few triangles, shaded smoothly except at edges.
import { MeshoptSimplifier } from "meshoptimizer/simplifier";
import type { ModelArrays } from "./model-arrays.ts";
import type { Mesh } from "./render/scene.ts";

/** Triangles of a mesh after simplification, about. They show an arm's part well at a camera's size. */
const enough = 400;
/**
 * Largest shift of the surface by simplification, as a share of the mesh's size. It stops there, even with more
 * triangles left.
 */
const deviation = 0.05;
/** Cosine of the largest angle between smoothly shaded faces. Larger angles show an edge. */
const edge = Math.cos((40 * Math.PI) / 180);

/** All meshes of the model, in the numbers of `geom_dataid`. Meshes with few triangles keep them all. */
export async function modelMeshes(model: ModelArrays): Promise<Mesh[]> {
  await MeshoptSimplifier.ready;
  const { mesh_vertadr, mesh_vertnum, mesh_faceadr, mesh_facenum, mesh_vert, mesh_face } = model;
  return Array.from(mesh_vertnum, (count, mesh) => {
    const vertices = mesh_vert.slice(3 * mesh_vertadr[mesh]!, 3 * (mesh_vertadr[mesh]! + count));
    const first = 3 * mesh_faceadr[mesh]!;
    const same = MeshoptSimplifier.generatePositionRemap(vertices, 3); // one vertex for each place
    const joined = Uint32Array.from(
      mesh_face.subarray(first, first + 3 * mesh_facenum[mesh]!),
      (vertex) => same[vertex]!,
    );
    const faces =
      joined.length <= 3 * enough
        ? joined
        : MeshoptSimplifier.simplify(joined, vertices, 3, 3 * enough, deviation, ["Prune"])[0];
    return { vertices, faces, normals: creasedNormals(vertices, faces) };
  });
}

/** At each corner, the mean normal by area over the vertex's faces without an edge between. */
function creasedNormals(vertices: Float32Array, faces: Uint32Array): NonNullable<Mesh["normals"]> {
  const areas = faceVectors(vertices, faces);
  const around = new Map<number, number[]>();
  for (const [corner, vertex] of faces.entries()) {
    const list = around.get(vertex);
    if (list) list.push(3 * Math.floor(corner / 3));
    else around.set(vertex, [3 * Math.floor(corner / 3)]);
  }
  // Corners of one vertex on one side of an edge share a normal. The renderer then shades them once.
  const known = new Map<string, number>();
  const vectors: number[] = [];
  const corners = Uint32Array.from(faces, (vertex, corner) => {
    const own = 3 * Math.floor(corner / 3);
    const sum = [0, 0, 0];
    for (const face of around.get(vertex)!) {
      if (face !== own && cosine(areas, face, own) < edge) continue;
      for (let axis = 0; axis < 3; axis++) sum[axis]! += areas[face + axis]!;
    }
    const key = sum.join();
    const at = known.get(key) ?? known.size;
    if (at === known.size) {
      known.set(key, at);
      vectors.push(...sum);
    }
    return at;
  });
  return { vectors: Float32Array.from(vectors), faces: corners };
}

/** Each face's normal, of length twice the area. [faces, 3] */
function faceVectors(vertices: Float32Array, faces: Uint32Array): Float64Array {
  const vectors = new Float64Array(faces.length);
  for (let face = 0; face < faces.length; face += 3) {
    const [a, b, c] = [3 * faces[face]!, 3 * faces[face + 1]!, 3 * faces[face + 2]!];
    const side = (axis: number, to: number) => vertices[to + axis]! - vertices[a + axis]!;
    for (let axis = 0; axis < 3; axis++) {
      const [next, last] = [(axis + 1) % 3, (axis + 2) % 3];
      vectors[face + axis] = side(next, b) * side(last, c) - side(last, b) * side(next, c);
    }
  }
  return vectors;
}

/** Cosine of the angle between two faces' vectors; 1 if one of them has no area. */
function cosine(vectors: Float64Array, a: number, b: number): number {
  const dot = (i: number, j: number) =>
    vectors[i]! * vectors[j]! + vectors[i + 1]! * vectors[j + 1]! + vectors[i + 2]! * vectors[j + 2]!;
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths > 0 ? dot(a, b) / lengths : 1;
}
