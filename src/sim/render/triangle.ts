// Fills one triangle into the sample buffers: exact edge functions over the bounding box, top-left rule, float32
// z-buffer of 1/depth. Corners lie on a grid of 1/256 sample, so edge functions are integers, exact in float64. A
// sample on an edge shared by two triangles belongs to exactly one.

/** The samples of a picture, row by row from the top left. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  readonly inverse: Float32Array; // 1/depth in 1/m, 0 on the background
  readonly colour: Int32Array; // 0xBBGGRR
  readonly id: Int32Array; // segmentation, −1 on the background
}

/** Corners after transformation. Doubles live in arrays, because passing them as numbers allocates. */
export interface Vertices {
  readonly x: Float64Array; // in the camera's frame: right, up, and the depth ahead, metres
  readonly y: Float64Array;
  readonly depth: Float64Array;
  readonly u: Float64Array; // in the picture: right and down, 1/256 samples, integers
  readonly v: Float64Array;
  readonly inverse: Float64Array;
  readonly red: Float64Array; // 0..255
  readonly green: Float64Array;
  readonly blue: Float64Array;
}

/** Grid steps within a sample. */
export const subsamples = 256;
const centre = subsamples / 2;

/**
 * Draws the triangle with corners `a`, `b`, `c` at its nearest samples. Corners are counter-clockwise; a triangle seen
 * from behind is left out. It is one long function on purpose: doubles passed between functions allocate.
 */
export function fillTriangle(samples: Samples, vertices: Vertices, a: number, b: number, c: number, id: number): void {
  const { u, v } = vertices;
  const { width, height, inverse: nearest, colour, id: ids } = samples;
  // With v pointing down, the order a, c, b has a positive area and edge functions positive inside.
  const u0 = u[a]!;
  const v0 = v[a]!;
  const u1 = u[c]!;
  const v1 = v[c]!;
  const u2 = u[b]!;
  const v2 = v[b]!;
  const area = (u1 - u0) * (v2 - v0) - (v1 - v0) * (u2 - u0);
  if (!(area > 0)) return;
  // `| 0` keeps sample counts integers for the compiler, here and in the loops below.
  const left = Math.max(0, Math.ceil((Math.min(u0, u1, u2) - centre) / subsamples)) | 0;
  const right = Math.min(width - 1, Math.floor((Math.max(u0, u1, u2) - centre) / subsamples)) | 0;
  const top = Math.max(0, Math.ceil((Math.min(v0, v1, v2) - centre) / subsamples)) | 0;
  const bottom = Math.min(height - 1, Math.floor((Math.max(v0, v1, v2) - centre) / subsamples)) | 0;
  if (left > right || top > bottom) return;

  // Edge functions: change per sample to the right and down, and value at the first sample. A sample on an edge is
  // inside only at left and top edges. At others the edge is one unit further in.
  const right0 = (v1 - v2) * subsamples;
  const right1 = (v2 - v0) * subsamples;
  const right2 = (v0 - v1) * subsamples;
  const down0 = (u2 - u1) * subsamples;
  const down1 = (u0 - u2) * subsamples;
  const down2 = (u1 - u0) * subsamples;
  const firstU = left * subsamples + centre;
  const firstV = top * subsamples + centre;
  let edge0 = (u2 - u1) * (firstV - v1) - (v2 - v1) * (firstU - u1);
  let edge1 = (u0 - u2) * (firstV - v2) - (v0 - v2) * (firstU - u2);
  let edge2 = (u1 - u0) * (firstV - v0) - (v1 - v0) * (firstU - u0);
  if (!(right0 > 0 || (right0 === 0 && down0 > 0))) edge0 -= 1;
  if (!(right1 > 0 || (right1 === 0 && down1 > 0))) edge1 -= 1;
  if (!(right2 > 0 || (right2 === 0 && down2 > 0))) edge2 -= 1;

  // Interpolated quantities are linear in the picture: value at the first sample, change per sample.
  const toRight1 = ((v2 - v0) * subsamples) / area;
  const toRight2 = ((v0 - v1) * subsamples) / area;
  const toDown1 = ((u0 - u2) * subsamples) / area;
  const toDown2 = ((u1 - u0) * subsamples) / area;
  const alongU = (firstU - u0) / subsamples;
  const alongV = (firstV - v0) / subsamples;
  const { inverse, red, green, blue } = vertices;
  const inverse1 = inverse[c]! - inverse[a]!;
  const inverse2 = inverse[b]! - inverse[a]!;
  const inverseRight = inverse1 * toRight1 + inverse2 * toRight2;
  const inverseDown = inverse1 * toDown1 + inverse2 * toDown2;
  let inverseRow = inverse[a]! + inverseRight * alongU + inverseDown * alongV;
  const red1 = red[c]! - red[a]!;
  const red2 = red[b]! - red[a]!;
  const green1 = green[c]! - green[a]!;
  const green2 = green[b]! - green[a]!;
  const blue1 = blue[c]! - blue[a]!;
  const blue2 = blue[b]! - blue[a]!;
  const redRight = red1 * toRight1 + red2 * toRight2;
  const greenRight = green1 * toRight1 + green2 * toRight2;
  const blueRight = blue1 * toRight1 + blue2 * toRight2;
  const redDown = red1 * toDown1 + red2 * toDown2;
  const greenDown = green1 * toDown1 + green2 * toDown2;
  const blueDown = blue1 * toDown1 + blue2 * toDown2;
  // Half more, so truncation rounds.
  let redRow = red[a]! + redRight * alongU + redDown * alongV + 0.5;
  let greenRow = green[a]! + greenRight * alongU + greenDown * alongV + 0.5;
  let blueRow = blue[a]! + blueRight * alongU + blueDown * alongV + 0.5;

  const last = right - left;
  for (let row = top * width + left, end = bottom * width + left; row <= end; row += width) {
    // The run of samples inside all three edges. Quotients of these integers are exact enough for a right floor.
    let first = 0;
    let final = last;
    if (right0 > 0) first = Math.max(first, Math.ceil(-edge0 / right0));
    else if (right0 < 0) final = Math.min(final, Math.floor(edge0 / -right0));
    else if (edge0 < 0) final = -1;
    if (right1 > 0) first = Math.max(first, Math.ceil(-edge1 / right1));
    else if (right1 < 0) final = Math.min(final, Math.floor(edge1 / -right1));
    else if (edge1 < 0) final = -1;
    if (right2 > 0) first = Math.max(first, Math.ceil(-edge2 / right2));
    else if (right2 < 0) final = Math.min(final, Math.floor(edge2 / -right2));
    else if (edge2 < 0) final = -1;
    const from = Math.min(first, last + 1) | 0;
    const to = Math.max(final, -1) | 0;
    for (let step = from; step <= to; step++) {
      const at = row + step;
      const near = inverseRow + inverseRight * step;
      if (near > nearest[at]!) {
        nearest[at] = near;
        ids[at] = id;
        colour[at] =
          (redRow + redRight * step) | ((greenRow + greenRight * step) << 8) | ((blueRow + blueRight * step) << 16);
      }
    }
    edge0 += down0;
    edge1 += down1;
    edge2 += down2;
    inverseRow += inverseDown;
    redRow += redDown;
    greenRow += greenDown;
    blueRow += blueDown;
  }
}
