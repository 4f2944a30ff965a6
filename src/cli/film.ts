// Pictures of an episode as a film or a sheet: .mp4, .webp, .gif or .png by the name of the file.
import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, extname } from "node:path";
import sharp from "sharp";
import { createVideo, encodePng, type Image, type VideoEncoder } from "../data/index.ts";
import { PistarError } from "../system/index.ts";
import { contactSheet } from "./contact-sheet.ts";

/** Takes the cameras' pictures, all of one size, moment by moment. */
export interface Film {
  add(cameras: readonly Image[]): Promise<void>;
  /** Writes the file. */
  finish(): Promise<void>;
}

/** GIF's delays are hundredths of a second. Browsers slow down films of more than 50 pictures a second. */
const gifRate = 12.5;
/** Of 100: edges stay clean. */
const webpQuality = 70;
/** A sheet has at least half as many moments of a longer episode. */
const sheetMoments = 48;

/** Opens a film and creates its folder. @param fps moments per second */
export function openFilm(path: string, fps: number): Film {
  mkdirSync(dirname(path), { recursive: true });
  switch (extname(path)) {
    case ".mp4":
      return mp4(path, fps);
    case ".webp":
    case ".gif":
      return animation(path, fps);
    case ".png":
      return sheet(path);
    default:
      throw new PistarError("bad-option", `Expected a file name that ends in .mp4, .webp, .gif or .png, got "${path}"`);
  }
}

function mp4(path: string, fps: number): Film {
  let video: VideoEncoder | undefined;
  return {
    async add(cameras) {
      const image = beside(cameras);
      video ??= await createVideo(path, { ...image, fps }, { codec: "h264", crf: 20, gop: fps });
      await video.write(image);
    },
    async finish() {
      await video?.finish();
    },
  };
}

function animation(path: string, fps: number): Film {
  const every = extname(path) === ".gif" ? Math.max(1, Math.round(fps / gifRate)) : 1;
  const images: Image[] = [];
  let moments = 0;
  return {
    async add(cameras) {
      if (moments++ % every === 0) images.push(beside(cameras));
    },
    async finish() {
      const { width, height } = images[0]!;
      const raw = { width, height: height * images.length, channels: 3, pageHeight: height } as const;
      const delay = images.map(() => Math.round((1000 * every) / fps));
      const film = sharp(Buffer.concat(images.map(({ data }) => data)), { raw });
      await (extname(path) === ".gif"
        ? film.gif({ delay, effort: 3 })
        : film.webp({ delay, quality: webpQuality, effort: 4 })
      ).toFile(path);
    },
  };
}

function sheet(path: string): Film {
  let kept: (readonly Image[])[] = [];
  let [every, moments] = [1, 0];
  return {
    async add(cameras) {
      if (moments++ % every > 0) return;
      kept.push(cameras);
      if (kept.length <= sheetMoments) return;
      kept = kept.filter((_, at) => at % 2 === 0);
      every *= 2;
    },
    async finish() {
      await writeFile(path, await encodePng(contactSheet(kept[0]!.map((_, camera) => kept.map((at) => at[camera]!)))));
    },
  };
}

/** The pictures side by side. */
function beside(images: readonly Image[]): Image {
  const { height } = images[0]!;
  const width = images.reduce((sum, image) => sum + image.width, 0);
  const data = new Uint8Array(width * height * 3);
  let left = 0;
  for (const image of images) {
    const row = image.width * 3;
    for (let y = 0; y < height; y++) data.set(image.data.subarray(y * row, (y + 1) * row), (y * width + left) * 3);
    left += image.width;
  }
  return { width, height, data };
}
