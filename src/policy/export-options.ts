// The options of exporting a policy, and of the command's flags.
import * as z from "zod";

const count = z.int().min(1);

export const exportOptions = z.object({
  denoisingSteps: count
    .optional()
    .describe("Euler steps in which an action chunk is made (default: 10 for π0.5's network, else 5)"),
  guidance: z.number().min(0).default(1).describe("β of classifier-free guidance; 1: none"),
  advantageIndicator: z
    .enum(["positive", "negative", "none"])
    .optional()
    .describe("what the policy is asked for (default: positive, where it was trained with advantages)"),
  rtc: z
    .enum(["none", "guided", "trained"])
    .default("none")
    .describe(
      "real-time chunking: chunks that can continue the one in execution, guided or as trained (train --simulated-delay)",
    ),
  promptTokens: count.optional().describe("room for longer instructions than those that the policy was trained on"),
  task: z.string().default("pick up").describe("instruction of the example"),
});
export type ExportOptions = z.infer<typeof exportOptions>;
