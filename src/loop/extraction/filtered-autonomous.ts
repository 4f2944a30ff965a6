// Control: filtered cloning without a supervisor's help. It learns from demonstrations and from the policy's own successes.
import type { ExtractionArm } from "./arm.ts";
import { wordless } from "./wordless.ts";

export const filteredAutonomous: ExtractionArm<"filtered-autonomous"> = wordless(
  "filtered-autonomous",
  "Filtered cloning, no corrections",
  {
    learnFrom: "uncorrected-successes",
  },
);
