// A camera as the arm sees it: the newest picture, refused if it is old.
import type { Image } from "../../data/index.ts";

export interface CameraFeed {
  readonly name: string;
  /** Pixels of its pictures. */
  readonly width: number;
  readonly height: number;
  /** The newest picture. @throws PistarError unavailable if the camera is gone or its newest picture is too old */
  latest(): Promise<Image>;
  close(): Promise<void>;
}
