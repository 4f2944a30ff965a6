// pistar dataset show: an episode's columns as a table or JSON, its frames as pictures.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Column, encodePng, type Image, type LeRobotDataset } from "../data/index.ts";
import { PistarError, replaceFile } from "../system/index.ts";
import { contactSheet } from "./contact-sheet.ts";
import { print, type Reading, short } from "./dataset-output.ts";
import { withProgress } from "./progress.ts";
import { exact, table } from "./table.ts";

export interface ShowOptions extends Reading {
  readonly columns?: string[];
  readonly camera?: string;
  readonly frames?: string;
  readonly sheet?: string;
}

export async function show(
  source: LeRobotDataset,
  episode: number,
  { columns: names, camera, frames, sheet, json }: ShowOptions,
): Promise<void> {
  const columns = await source.columns(episode, names);
  const { length } = source.episodes.find(({ index }) => index === episode)!;
  if (json)
    print(
      Object.fromEntries(
        [...columns].map(([name, column]) => [name, Array.from({ length }, (_, frame) => cells(column, frame))]),
      ),
    );
  else {
    const header = [...columns].map(([name, { shape, data }]) =>
      data.length > length ? `${name} [${shape.join(", ")}]` : name,
    );
    const rows = Array.from({ length }, (_, frame) =>
      [...columns.values()].map((column) => {
        const values = cells(column, frame).map((value) => (typeof value === "number" ? exact(value) : value));
        return values.length === 1 ? values[0]! : short(values.join(" "));
      }),
    );
    console.log(
      table(
        ["frame", ...header],
        rows.map((row, frame) => [String(frame), ...row]),
      ),
    );
  }
  const cameras = camera ? [camera] : source.cameras;
  if ((frames || sheet) && cameras.length === 0)
    throw new PistarError("bad-option", `${source.root}: there is no camera to draw`);
  if (frames) await writeFrames(source, episode, cameras, frames);
  if (sheet) {
    const picked = Array.from({ length: Math.min(length, 24) }, (_, at) =>
      Math.round((at * (length - 1)) / Math.max(1, Math.min(length, 24) - 1)),
    );
    const rows = await Promise.all(cameras.map((name) => source.frames(episode, name, picked)));
    replaceFile(sheet, await encodePng(contactSheet(rows)));
    console.error(`${sheet}: ${picked.length} of ${length} frames of ${cameras.join(", ")}`);
  }
}

async function writeFrames(
  source: LeRobotDataset,
  episode: number,
  cameras: readonly string[],
  folder: string,
): Promise<void> {
  const { length } = source.episodes[episode]!;
  await withProgress("writing frames", async (progress) => {
    for (const [at, camera] of cameras.entries()) {
      const target = cameras.length > 1 ? join(folder, camera) : folder;
      if (!existsSync(target)) mkdirSync(target, { recursive: true });
      for (let frame = 0; frame < length; frame++) {
        const [image] = (await source.frames(episode, camera, [frame])) as [Image];
        writeFileSync(join(target, `frame-${String(frame).padStart(6, "0")}.png`), await encodePng(image));
        progress(at * length + frame + 1, cameras.length * length);
      }
    }
  });
}

/** One frame's values of a column. */
function cells({ data, shape }: Column, frame: number): (string | number)[] {
  const size = typeof data[0] === "string" ? 1 : shape.reduce((product, side) => product * side, 1);
  return Array.from<string | number | bigint, string | number>(
    data.slice(frame * size, (frame + 1) * size) as ArrayLike<string | number | bigint>,
    (value) => (typeof value === "bigint" ? Number(value) : value),
  );
}
