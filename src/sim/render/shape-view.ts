// Draws a shape before the camera: its vertices are transformed, lit and projected, its faces clipped at the near
// plane.
import type { GeomView, Projection } from "./geom-view.ts";
import type { Geometry } from "./shapes.ts";
import { fillTriangle, type Samples, subsamples, type Vertices } from "./triangle.ts";

/** Buffers of a picture in the making. */
export interface Raster {
  readonly samples: Samples;
  readonly vertices: Vertices;
  readonly projection: Projection;
}

/** Buffers for the corners of shapes with up to `count` vertices, and clipping's two extra ones. */
export function createVertices(count: number): Vertices {
  const array = () => new Float64Array(count + 2);
  return {
    x: array(),
    y: array(),
    depth: array(),
    u: array(),
    v: array(),
    inverse: array(),
    red: array(),
    green: array(),
    blue: array(),
  };
}

/** Draws `shape` in the pose and light of `view`. */
export function drawShape(raster: Raster, shape: Geometry, view: GeomView, id: number): void {
  const { samples, vertices } = raster;
  const behind = transform(raster, shape, view);
  const count = shape.shifts.length;
  if (behind === count) return;
  light(vertices, shape, view);
  const { faces } = shape;
  for (let face = 0; face < faces.length; face += 3) {
    const [a, b, c] = [faces[face]!, faces[face + 1]!, faces[face + 2]!];
    if (behind === 0) fillTriangle(samples, vertices, a, b, c, id);
    else clip(raster, count, a, b, c, id);
  }
}

/**
 * Transforms vertices to the camera's frame and the picture. It returns the number of vertices nearer than the near
 * plane.
 */
function transform(raster: Raster, shape: Geometry, { rotation: r, centre, scale }: GeomView): number {
  const { vertices } = raster;
  const { near } = raster.projection;
  const [sx, sy, sz, length] = [scale[0]!, scale[1]!, scale[2]!, scale[3]!];
  const [xx, xy, xz, x0] = [r[0]! * sx, r[1]! * sy, r[2]! * sz, centre[0]!];
  const [yx, yy, yz, y0] = [r[3]! * sx, r[4]! * sy, r[5]! * sz, centre[1]!];
  const [dx, dy, dz, d0] = [r[6]! * sx, r[7]! * sy, r[8]! * sz, centre[2]!];
  const [xs, ys, ds] = [r[2]! * length, r[5]! * length, r[8]! * length];
  const { positions, shifts } = shape;
  let behind = 0;
  for (let i = 0, j = 0; i < shifts.length; i++, j += 3) {
    const px = positions[j]!;
    const py = positions[j + 1]!;
    const pz = positions[j + 2]!;
    const shift = shifts[i]!;
    const depth = dx * px + dy * py + dz * pz + ds * shift + d0;
    vertices.x[i] = xx * px + xy * py + xz * pz + xs * shift + x0;
    vertices.y[i] = yx * px + yy * py + yz * pz + ys * shift + y0;
    vertices.depth[i] = depth;
    if (depth >= near) project(raster, i);
    else behind++;
  }
  return behind;
}

function project({ samples: { width, height }, vertices, projection: { focal } }: Raster, i: number): void {
  const inverse = 1 / vertices.depth[i]!;
  vertices.inverse[i] = inverse;
  vertices.u[i] = Math.round((width / 2 + focal * vertices.x[i]! * inverse) * subsamples);
  vertices.v[i] = Math.round((height / 2 - focal * vertices.y[i]! * inverse) * subsamples);
}

function light(
  vertices: Vertices,
  shape: Geometry,
  { rotation: r, scale, ambient, lights, lightCount }: GeomView,
): void {
  const { normals } = shape;
  // Normals of a stretched surface stretch by the reciprocal.
  const [sx, sy, sz] = [1 / scale[0]!, 1 / scale[1]!, 1 / scale[2]!];
  for (let i = 0, j = 0; j < normals.length; i++, j += 3) {
    let nx = normals[j]! * sx;
    let ny = normals[j + 1]! * sy;
    let nz = normals[j + 2]! * sz;
    const length = 1 / Math.sqrt(nx * nx + ny * ny + nz * nz);
    nx *= length;
    ny *= length;
    nz *= length;
    const x = r[0]! * nx + r[1]! * ny + r[2]! * nz;
    const y = r[3]! * nx + r[4]! * ny + r[5]! * nz;
    const z = r[6]! * nx + r[7]! * ny + r[8]! * nz;
    let red = ambient[0]!;
    let green = ambient[1]!;
    let blue = ambient[2]!;
    for (let k = 0; k < lightCount * 6; k += 6) {
      const cosine = x * lights[k]! + y * lights[k + 1]! + z * lights[k + 2]!;
      if (cosine <= 0) continue;
      red += cosine * lights[k + 3]!;
      green += cosine * lights[k + 4]!;
      blue += cosine * lights[k + 5]!;
    }
    vertices.red[i] = Math.min(red, 255);
    vertices.green[i] = Math.min(green, 255);
    vertices.blue[i] = Math.min(blue, 255);
  }
}

/** Draws the part of a triangle beyond the near plane; `spare` and the slot after it hold the new corners. */
function clip(raster: Raster, spare: number, a: number, b: number, c: number, id: number): void {
  const { samples, vertices } = raster;
  const { depth } = vertices;
  const { near } = raster.projection;
  const seenA = depth[a]! >= near;
  const seenB = depth[b]! >= near;
  const seenC = depth[c]! >= near;
  const seen = Number(seenA) + Number(seenB) + Number(seenC);
  if (seen === 3) fillTriangle(samples, vertices, a, b, c, id);
  else if (seen > 0) {
    // The corners are rotated so that `p` differs from the other two.
    const odd = seen === 1;
    const [p, q, r] = seenA === odd ? [a, b, c] : seenB === odd ? [b, c, a] : [c, a, b];
    if (odd) {
      cut(raster, p, q, spare);
      cut(raster, p, r, spare + 1);
      fillTriangle(samples, vertices, p, spare, spare + 1, id);
    } else {
      cut(raster, q, p, spare);
      cut(raster, r, p, spare + 1);
      fillTriangle(samples, vertices, spare, q, r, id);
      fillTriangle(samples, vertices, spare, r, spare + 1, id);
    }
  }
}

/**
 * Puts the point of an edge on the near plane into slot `to`. It starts from the seen end, so neighbours agree on the
 * point.
 */
function cut(raster: Raster, seen: number, hidden: number, to: number): void {
  const { near } = raster.projection;
  const { x, y, depth, red, green, blue } = raster.vertices;
  const part = (depth[seen]! - near) / (depth[seen]! - depth[hidden]!);
  x[to] = x[seen]! + part * (x[hidden]! - x[seen]!);
  y[to] = y[seen]! + part * (y[hidden]! - y[seen]!);
  depth[to] = near;
  red[to] = red[seen]! + part * (red[hidden]! - red[seen]!);
  green[to] = green[seen]! + part * (green[hidden]! - green[seen]!);
  blue[to] = blue[seen]! + part * (blue[hidden]! - blue[seen]!);
  project(raster, to);
}
