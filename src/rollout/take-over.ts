// The states of a take-over.
import type { Control, Decision } from "../robot/index.ts";

/**
 * Who acts after a decision: autonomous → paused → correcting → autonomous. An operator may also hand back without a correction, and pause
 * a correction. Any other decision changes nothing.
 */
export function controlAfter(control: Control, decision: Decision): Control {
  if (decision === "pause") return "paused";
  if (decision === "correct" && control === "paused") return "correcting";
  if (decision === "hand back") return "autonomous";
  return control;
}
