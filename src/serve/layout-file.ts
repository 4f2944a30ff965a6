// Observation layouts by name, or from JSON in a file or a checkpoint's config. In JSON a key outside any dict may be
// just its name: {"front": "observation/image"}.
import { existsSync } from "node:fs";
import * as z from "zod";
import { checked, PistarError, readJson } from "../system/index.ts";
import { layouts, type ObservationLayout } from "./layout.ts";

const keySchema = z
  .union([z.string(), z.tuple([z.string()], z.string())], 'a name, or names of dicts in dicts: ["images", "top"]')
  .transform((key): [string, ...string[]] => (typeof key === "string" ? [key] : key));

const layoutSchema = z.strictObject({
  images: z.record(z.string(), keySchema),
  imageOrder: z.enum(["HWC", "CHW"]).default("HWC"),
  imageSize: z.int().min(1).optional(),
  state: z.array(z.strictObject({ key: keySchema, size: z.int().min(1) })),
  prompt: keySchema.default(["prompt"]),
  actions: z.int().min(1),
  dialect: z.literal("roboarena").optional(),
});

/**
 * A layout from JSON, in the form of `ObservationLayout`. Defaults: imageOrder "HWC" and prompt "prompt".
 * @param where names it in errors
 */
export function parseLayout(json: unknown, where: string): ObservationLayout {
  const { imageSize, dialect, ...layout } = checked(layoutSchema, json, where);
  return { ...layout, ...(imageSize !== undefined && { imageSize }), ...(dialect && { dialect }) };
}

/** The layout of a name ("so101", "libero", "aloha", "droid", "roboarena"), or in a JSON file. */
export function readLayout(nameOrFile: string): ObservationLayout {
  if (Object.hasOwn(layouts, nameOrFile)) return layouts[nameOrFile as keyof typeof layouts];
  if (!existsSync(nameOrFile))
    throw new PistarError(
      "bad-option",
      `Expected a layout: ${Object.keys(layouts).join(", ")} or a JSON file; got "${nameOrFile}"`,
    );
  return parseLayout(readJson(nameOrFile), nameOrFile);
}
