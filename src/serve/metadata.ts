// Metadata: a server's description of its policy in the first frame of a connection, and a client's reading of it.
// openpi leaves the keys to the server.
import * as z from "zod";
import { type Policy, type PolicyInfo, units } from "../robot/index.ts";
import type { ObservationLayout } from "./layout.ts";
import { parseLayout } from "./layout-file.ts";
import { leftoverKeys } from "./leftover.ts";
import type { Message } from "./pack.ts";

/**
 * `[seedKey]: true` in a server's metadata means that it takes `[seedKey]: [episode, question]` in an observation. The
 * two numbers decide everything random in its answer. openpi's own servers do not offer it, and are sent none.
 */
export const seedKey = "pistar/seed";

/**
 * `[promptsKey]: true` in a server's metadata means that it takes `[promptsKey]: [instruction, …]` beside an observation, and answers with
 * actions [instructions, horizon, width]. Guidance then asks with and without the word in one request.
 */
export const promptsKey = "pistar/prompts";

const infoSchema = z.object({
  robot_type: z.string().nullable(),
  action_names: z.array(z.string()),
  state_names: z.array(z.string()),
  cameras: z.array(z.string()),
  fps: z.number(),
  horizon: z.int(),
  units: z.enum(units).optional(),
});
const inferenceSchema = z.object({
  denoising_steps: z.int(),
  guidance: z.number(),
  advantage: z.enum(["positive", "negative", "none"]),
});

/** A policy's name without its path: "run/000100" of a checkpoint, else the part after the last slash. */
function nameOf(id: string): string {
  const checkpoint = /([^/\\]+)[/\\]checkpoints[/\\]([^/\\]+)([/\\]pretrained_model)?$/.exec(id);
  return checkpoint ? `${checkpoint[1]}/${checkpoint[2]}` : id.split(/[/\\]/).findLast((part) => part !== "")!;
}

/** RoboArena's `PolicyServerConfig`, for its clients to choose their keys. They refuse any other key. */
interface RoboArenaConfig {
  /** Clients resize pictures to it; null: they do not. */
  readonly image_resolution: readonly [height: number, width: number] | null;
  readonly needs_wrist_camera: boolean;
  readonly n_external_cameras: number;
  readonly needs_stereo_camera: boolean;
  readonly needs_session_id: boolean;
  readonly action_space: string;
}

function roboArenaConfig({ images, imageSize }: ObservationLayout): Message & RoboArenaConfig {
  const keys = Object.values(images).map((key) => key.at(-1)!);
  return {
    image_resolution: imageSize === undefined ? null : [imageSize, imageSize],
    needs_wrist_camera: keys.some((key) => key.includes("wrist")),
    n_external_cameras: keys.filter((key) => /exterior_image_\d+_left/.test(key)).length,
    needs_stereo_camera: keys.some((key) => key.endsWith("_right")),
    needs_session_id: false,
    action_space: "joint_position",
  };
}

/** A server's metadata for a policy. */
export function metadataOf({ id, info, continues }: Policy, layout: ObservationLayout): Message {
  if (layout.dialect === "roboarena") return roboArenaConfig(layout);
  const { inference } = info ?? {};
  const about: Message | undefined = info && {
    robot_type: info.robotType,
    fps: info.fps,
    horizon: info.horizon,
    cameras: [...info.cameras],
    state_names: [...info.stateNames],
    action_names: [...info.joints],
    ...(info.units && { units: info.units }),
    ...(inference && {
      denoising_steps: inference.denoisingSteps,
      guidance: inference.guidance,
      advantage: inference.advantageIndicator,
    }),
  };
  return {
    policy: nameOf(id),
    ...about,
    observation_layout: { ...layout } as unknown as Message,
    [seedKey]: true,
    ...(continues && { [leftoverKeys.actions]: true }),
  };
}

/** Whether a server's metadata are RoboArena's. */
export const speaksRoboArena = ({ needs_wrist_camera, n_external_cameras }: Message): boolean =>
  typeof needs_wrist_camera === "boolean" && typeof n_external_cameras === "number";

/** A policy's description in its server's metadata; undefined for servers other than pistar's. */
export function announcedInfo(metadata: Message): PolicyInfo | undefined {
  const { success, data } = infoSchema.safeParse(metadata);
  if (!success) return undefined;
  const inference = inferenceSchema.safeParse(metadata).data;
  return {
    robotType: data.robot_type,
    joints: data.action_names,
    stateNames: data.state_names,
    cameras: data.cameras,
    fps: data.fps,
    horizon: data.horizon,
    ...(data.units && { units: data.units }),
    ...(inference && {
      inference: {
        denoisingSteps: inference.denoising_steps,
        guidance: inference.guidance,
        advantageIndicator: inference.advantage,
      },
    }),
  };
}

/**
 * The layout in a server's metadata; undefined without one.
 * @throws Error if it is no layout
 */
export function announcedLayout(metadata: Message, url: string): ObservationLayout | undefined {
  const { observation_layout: layout } = metadata;
  return layout === undefined ? undefined : parseLayout(layout, `${url}, observation_layout of its metadata`);
}
