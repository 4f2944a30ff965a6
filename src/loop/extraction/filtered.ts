// Control: filtered cloning. It learns from successful episodes alone; the prompt says nothing of the advantage.
import type { ExtractionArm } from "./arm.ts";
import { wordless } from "./wordless.ts";

export const filtered: ExtractionArm<"filtered"> = wordless("filtered", "Filtered cloning", { learnFrom: "successes" });
