// Image resizing equal to openpi's `resize_with_pad`, byte for byte: PIL's BILINEAR filter (a triangle as wide as the
// reduction, in 22-bit fixed point, horizontal pass first, each pass rounded to bytes) into the middle of a black picture.
// Models are sensitive to the filter, so pictures must look the same in training, in serving and in the reference.
import type { Image } from "./types.ts";

/**
 * Resizes without distortion to `width` × `height`, with black bars for other aspect ratios. A picture of that size is
 * returned itself.
 */
export function resizeWithPad(image: Image, height: number, width: number): Image {
  if (image.data.length !== image.width * image.height * 3)
    throw new RangeError(
      `Expected ${image.width}×${image.height}×3 bytes of RGB, got ${image.data.length} (grey or with alpha?)`,
    );
  if (!(Number.isInteger(height) && Number.isInteger(width) && height > 0 && width > 0))
    throw new RangeError(`Expected a size of at least 1×1 pixels, got ${width}×${height}`);
  if (image.width === width && image.height === height) return image;
  const ratio = Math.max(image.width / width, image.height / height);
  const inner = resize(
    image,
    Math.max(1, Math.trunc(image.height / ratio)),
    Math.max(1, Math.trunc(image.width / ratio)),
  );
  const data = new Uint8Array(height * width * 3);
  const top = Math.trunc((height - inner.height) / 2);
  const left = Math.trunc((width - inner.width) / 2);
  for (let y = 0; y < inner.height; y++)
    data.set(inner.data.subarray(y * inner.width * 3, (y + 1) * inner.width * 3), ((top + y) * width + left) * 3);
  return { width, height, data };
}

/** PIL's `Image.resize((width, height), BILINEAR)`. */
function resize(image: Image, height: number, width: number): Image {
  const narrowed = width === image.width ? image.data : horizontal(image, filter(image.width, width));
  const data = height === image.height ? narrowed : vertical(narrowed, width * 3, filter(image.height, height));
  return { width, height, data };
}

const precision = 22;
const half = 1 << (precision - 1);

/** For each output position, the first input it depends on, how many, and their weights ([outputs, widest]). */
interface Filter {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly widest: number;
}

/** As many as a set of cameras needs; pictures of ever other sizes, as a server may get, must not fill the memory. */
const filters = new Map<string, Filter>();
const mostFilters = 64;

function filter(from: number, to: number): Filter {
  const key = `${from}:${to}`;
  let known = filters.get(key);
  if (!known) {
    known = triangle(from, to);
    if (filters.size === mostFilters) filters.clear();
    filters.set(key, known);
  }
  return known;
}

function triangle(from: number, to: number): Filter {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const widest = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * widest);
  for (let out = 0; out < to; out++) {
    const centre = (out + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - support + 0.5));
    const taps = Math.min(from, Math.trunc(centre + support + 0.5)) - low;
    const real = Array.from({ length: taps }, (_, at) =>
      Math.max(0, 1 - Math.abs((at + low - centre + 0.5) * (1 / support))),
    );
    const sum = real.reduce((total, weight) => total + weight, 0);
    for (const [at, weight] of real.entries())
      weights[out * widest + at] = Math.trunc(0.5 + (sum === 0 ? weight : weight / sum) * (1 << precision));
    first[out] = low;
    count[out] = taps;
  }
  return { first, count, weights, widest };
}

function horizontal(image: Image, { first, count, weights, widest }: Filter): Uint8Array {
  const width = first.length;
  const { data } = image;
  const result = new Uint8ClampedArray(image.height * width * 3);
  for (let y = 0; y < image.height; y++) {
    const row = y * image.width * 3;
    let out = y * width * 3;
    for (let x = 0; x < width; x++, out += 3) {
      let red = half;
      let green = half;
      let blue = half;
      let at = row + first[x]! * 3;
      const end = x * widest + count[x]!;
      for (let tap = x * widest; tap < end; tap++, at += 3) {
        const weight = weights[tap]!;
        red = (red + Math.imul(data[at]!, weight)) | 0;
        green = (green + Math.imul(data[at + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[at + 2]!, weight)) | 0;
      }
      result[out] = red >> precision;
      result[out + 1] = green >> precision;
      result[out + 2] = blue >> precision;
    }
  }
  return new Uint8Array(result.buffer);
}

function vertical(data: Uint8Array, stride: number, { first, count, weights, widest }: Filter): Uint8Array {
  const height = first.length;
  const result = new Uint8ClampedArray(height * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(half);
    for (let tap = 0; tap < count[y]!; tap++) {
      const weight = weights[y * widest + tap]!;
      const row = (first[y]! + tap) * stride;
      for (let x = 0; x < stride; x++) sums[x] = sums[x]! + Math.imul(data[row + x]!, weight);
    }
    for (let x = 0; x < stride; x++) result[y * stride + x] = sums[x]! >> precision;
  }
  return new Uint8Array(result.buffer);
}
