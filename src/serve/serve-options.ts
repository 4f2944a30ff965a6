// Options of serving a trained policy: a flat schema, also for the command's flags.
import * as z from "zod";

const count = z.int().min(1);

/** How a trained policy's chunks continue the one in execution. Rollouts have the same flags. */
export const continuationFlags = {
  rtcMode: z
    .enum(["guided", "trained"])
    .optional()
    .describe(
      "how real-time chunking continues a chunk: guided by any policy, or trained into it (default: trained if it was, see train --simulated-delay)",
    ),
  rtcBeta: z.number().min(0).optional().describe("β of guided real-time chunking (default: 5)"),
  rtcSchedule: z
    .enum(["exponential", "linear"])
    .optional()
    .describe("how its weights decay behind the executed steps (default: exponential)"),
  rtcHorizon: count
    .optional()
    .describe("steps of the present chunk from which on it lets go (default: all that are left)"),
};

export const serveOptions = z.object({
  host: z
    .string()
    .default("127.0.0.1")
    .describe("address to listen on; 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses"),
  port: z.int().min(0).max(65535).default(8000).describe("0 takes a free one"),
  layout: z
    .string()
    .optional()
    .describe("keys of observations: so101, libero, aloha, droid, roboarena, or a JSON file (see below)"),
  defaultPrompt: z.string().min(1).optional().describe("the instruction for clients that send none"),
  advantageIndicator: z
    .enum(["positive", "negative", "none"])
    .optional()
    .describe("what the policy is asked for (default: positive, where it was trained with advantages)"),
  guidance: z
    .number()
    .min(0)
    .optional()
    .describe("β of classifier-free guidance (default: 1, none; an exported policy's own)"),
  ...continuationFlags,
  denoisingSteps: count
    .optional()
    .describe(
      "Euler steps in which an action chunk is made (default: 5; 10 for π0.5's network; an exported policy's own)",
    ),
  promptTokens: count.optional().describe("room for longer instructions than those that the policy was trained on"),
  threads: count
    .optional()
    .describe("that compute (default: one per core); with 1, answers are those of --policy FOLDER to the last bit"),
  maxClients: count.default(64).describe("connections at a time"),
  maxClientsPerAddress: count
    .optional()
    .describe("connections of one address at a time (default: half of them, at least 8)"),
  idleSeconds: z
    .number()
    .gt(0)
    .default(60)
    .describe("after which a client without a message gives way to another, where all places are taken"),
  maxMessage: count.default(16 * 2 ** 20).describe("bytes of one message"),
  maxBatch: count.default(32).describe("requests that are answered at once"),
  tlsCert: z.string().optional().describe("PEM file of a certificate: clients connect to wss://"),
  tlsKey: z.string().optional().describe("PEM file of its key"),
});

export type ServeOptions = z.infer<typeof serveOptions>;
