// The commands of the Live screen: what each does now, its key, and when it is offered. Buttons and keys are made of this list alone.
import type { Command, LiveState } from "../protocol.ts";

export interface Control {
  readonly command: Command;
  /** As `KeyboardEvent.key`, in lower case. */
  readonly key: string;
  /** The key as a person reads it. */
  readonly shown: string;
  /** What the key does. */
  readonly text: string;
  readonly enabled: boolean;
  readonly kind?: "main" | "good" | "bad";
}

/** @param steerable whether the picture is young enough for a take-over */
export function controls({ phase, actor, operator }: LiveState, steerable: boolean): readonly Control[] {
  if (operator !== "you")
    return [
      {
        command: "take the controls",
        key: "c",
        shown: "C",
        text: operator === "another" ? "Take the controls from the other page" : "Take the controls",
        enabled: true,
        kind: "main",
      },
    ];
  if (phase !== "running") {
    const enabled = phase === "ready" || phase === "ended";
    return [
      {
        command: "start",
        key: "n",
        shown: "N",
        text: phase === "ready" ? "Start the first episode" : "Next episode",
        enabled,
        kind: "main",
      },
      { command: "again", key: "r", shown: "R", text: "The same start again", enabled: phase === "ended" },
    ];
  }
  return [
    actor === "policy"
      ? { command: "hold", key: " ", shown: "Space", text: "Hold the arm", enabled: true, kind: "main" }
      : {
          command: actor === "you" ? "hand back" : "continue",
          key: " ",
          shown: "Space",
          text: actor === "you" ? "Hand back to the policy" : "Let the policy continue",
          enabled: true,
          kind: "main",
        },
    actor === "you"
      ? { command: "hold", key: "t", shown: "T", text: "Let go and hold", enabled: true }
      : { command: "take over", key: "t", shown: "T", text: "Take over", enabled: steerable },
    { command: "success", key: "s", shown: "S", text: "Success", enabled: true, kind: "good" },
    { command: "failure", key: "f", shown: "F", text: "Failure", enabled: true, kind: "bad" },
    { command: "discard", key: "d", shown: "D", text: "Discard", enabled: true },
    { command: "again", key: "r", shown: "R", text: "Discard and repeat", enabled: true },
    { command: "stop", key: "escape", shown: "Esc", text: "Stop", enabled: true },
  ];
}
