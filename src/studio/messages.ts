// Checks what a page sends. Whatever else arrives is refused.
import * as z from "zod";
import { commands, type FromPage } from "./protocol.ts";

const point = z.tuple([z.number().min(-1).max(2), z.number().min(-1).max(2)]).readonly();
const share = z.number().min(-1).max(1);
const count = z.int().min(0);

const fromPage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello"), token: z.string().max(64).exactOptional() }),
  z.object({ type: z.literal("ask"), n: count, seen: count, what: z.enum(commands) }),
  z.object({ type: z.literal("away") }),
  z.object({ type: z.literal("drawn"), camera: z.int().min(0).max(15), frame: count }),
  z.object({
    type: z.literal("input"),
    input: z.object({
      n: count,
      seen: count,
      held: z.boolean(),
      drag: z
        .object({ id: count, camera: z.string().max(64), from: point, to: point, lift: z.number().min(-1).max(1) })
        .exactOptional(),
      speed: z.tuple([share, share, share, share, share]).readonly(),
    }),
  }),
]);

/** Largest message of a page, bytes. */
export const largestMessage = 4096;

/** The message, or undefined if it is not one of the page's. */
export function parseMessage(text: string): FromPage | undefined {
  try {
    return fromPage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
