// Who acts after what an operator decided.
import type { Control, Decision } from "../robot/index.ts";

/**
 * Who acts after a decision: autonomous → paused → correcting → autonomous. One may also hand back without a correction, and pause a
 * correction. A decision that does not apply where one is changes nothing, like a key that does nothing there.
 */
export function controlAfter(control: Control, decision: Decision): Control {
  if (decision === "pause") return "paused";
  if (decision === "correct" && control === "paused") return "correcting";
  if (decision === "hand back") return "autonomous";
  return control;
}
