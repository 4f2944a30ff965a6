// MuJoCo compiled to WebAssembly: one instance per thread, models from text or from a folder of files.
import { readdir, readFile } from "node:fs/promises";
import { join, posix, sep } from "node:path";
import load, { type MainModule, type MjModel } from "@mujoco/mujoco";
import { PistarError } from "../system/index.ts";

/** A loaded MuJoCo. @internal MuJoCo's own types stay out of the public declarations: its .d.ts does not compile without skipLibCheck. */
export interface Mujoco {
  readonly module: MainModule;
  /** MuJoCo's messages since the last call, such as a full contact buffer. */
  takeMessages(): string[];
}

let instance: Promise<Mujoco> | undefined;

/** This thread's instance. @internal */
export function mujoco(): Promise<Mujoco> {
  instance ??= start();
  return instance;
}

async function start(): Promise<Mujoco> {
  const messages: string[] = [];
  const print = (line: string) => {
    if (line.trim() !== "") messages.push(line);
  };
  const module = await load({ print, printErr: print });
  return { module, takeMessages: () => messages.splice(0) };
}

/** The source of a world: MJCF text, or a folder with an MJCF, its meshes and its textures. */
export type ModelSource = { readonly xml: string } | { readonly folder: string; readonly file: string };

function compile(name: string, build: () => MjModel): MjModel {
  try {
    return build();
  } catch (error) {
    throw new PistarError("damaged-file", `MuJoCo could not load ${name}: ${(error as Error).message.trim()}`, {
      cause: error,
    });
  }
}

let folders = 0;

/**
 * Compiles a model. The caller deletes it.
 * @throws Error in MuJoCo's own words, with the element and the line
 * @internal
 */
export async function loadModel({ module }: Mujoco, source: ModelSource): Promise<MjModel> {
  if ("xml" in source) return compile("the scene", () => module.MjModel.from_xml_string(source.xml));
  // The wasm file system is memory. The folder is copied in, and removed once the model is compiled.
  const mount = `/model-${folders++}`;
  const entries = await readdir(source.folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.map(
      async (path) => [path.slice(join(source.folder, sep).length).split(sep).join("/"), await readFile(path)] as const,
    ),
  );
  if (!contents.some(([path]) => path === source.file))
    throw new PistarError(
      "missing-file",
      `Expected an MJCF file "${source.file}" in ${source.folder}; there are: ${contents.map(([path]) => path).join(", ")}`,
      { path: source.folder },
    );
  try {
    for (const [path, bytes] of contents) {
      module.FS.mkdirTree(posix.dirname(`${mount}/${path}`), 0o777);
      module.FS.writeFile(`${mount}/${path}`, bytes);
    }
    return compile(join(source.folder, source.file), () => module.MjModel.from_xml_path(`${mount}/${source.file}`));
  } finally {
    remove(module.FS, mount);
  }
}

function remove(files: MainModule["FS"], path: string): void {
  if (!files.analyzePath(path, false).exists) return;
  for (const name of files.readdir(path) as string[]) {
    if (name === "." || name === "..") continue;
    const child = `${path}/${name}`;
    if (files.isDir(files.stat(child, false).mode)) remove(files, child);
    else files.unlink(child);
  }
  files.rmdir(path);
}
