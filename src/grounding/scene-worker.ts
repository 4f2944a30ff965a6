// The worker of `scene-loader.ts`: makes scenes on request.
import { serveWorker, transfer } from "../system/index.ts";
import { SceneMaker, type Scenes } from "./scenes.ts";

interface Input {
  /** Height and width, pixels. */
  readonly pictureSize: number;
}

const work = async ({ pictureSize }: Input) => {
  const maker = await SceneMaker.open(pictureSize);
  return {
    make: async ({ seed, size }: { readonly seed: string; readonly size: number }): Promise<Scenes> =>
      transfer(await maker.make(seed, size)),
  };
};

export type SceneWork = typeof work;
serveWorker(work);
