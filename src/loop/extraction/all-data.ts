// Control: supervised fine-tuning on every episode, good or bad. The prompt says nothing of the advantage.
import type { ExtractionArm } from "./arm.ts";
import { wordless } from "./wordless.ts";

export const allData: ExtractionArm<"all-data"> = wordless("all-data", "SFT on all data", { learnFrom: "all" });
