// Draws pictures in a thread of its own: a busy page must not delay them.
import { pictureHeader, pictureOf } from "../protocol.ts";

export type ToPictures =
  | { readonly camera: number; readonly canvas: OffscreenCanvas }
  | { readonly message: ArrayBuffer };

/** A picture that is on the screen now. */
export interface Drawn {
  readonly camera: number;
  readonly frame: number;
}

const canvases = new Map<number, OffscreenCanvasRenderingContext2D>();

self.onmessage = async ({ data }: MessageEvent<ToPictures>) => {
  if ("canvas" in data) {
    canvases.set(data.camera, data.canvas.getContext("2d", { alpha: false })!);
    return;
  }
  const picture = pictureOf(data.message);
  if (!picture) return;
  try {
    const jpeg = new Blob([new Uint8Array(data.message, pictureHeader)], { type: "image/jpeg" });
    const bitmap = await createImageBitmap(jpeg);
    canvases.get(picture.camera)?.drawImage(bitmap, 0, 0);
    bitmap.close();
  } finally {
    self.postMessage(picture satisfies Drawn);
  }
};
