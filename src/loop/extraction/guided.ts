// Control: RECAP's policy with classifier-free guidance, β > 1. It trains nothing.
import * as z from "zod";
import type { ExtractionArm } from "./arm.ts";
import { recap } from "./recap.ts";

export const guidedOptions = { guidance: z.number().min(1).default(2).describe("guidance β of the control guided") };

export const guided: ExtractionArm<"guided"> = {
  name: "guided",
  title: "RECAP with guidance",
  train: async () => ({ curves: [], warnings: [] }),
  open: (given) => ({ ...recap.open(given), guidance: given.run.options.guidance }),
};
