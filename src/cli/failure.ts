// Failures of a command: the message on stderr, the remedy, and the exit code.
import { type ErrorCode, fromSystem } from "../system/index.ts";

/**
 * The exit code for each error code. 0 is success. 1 is any other error, and a failed check (`dataset validate`, `replay`). An
 * interrupted command exits with 130 (Ctrl-C) or 143 (kill).
 */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  "bad-option": 2,
  "missing-file": 3,
  "damaged-file": 4,
  "newer-format": 5,
  "wrong-layout": 6,
  "already-there": 7,
  "cannot-resume": 8,
  "busy-lock": 9,
  "full-disk": 10,
  "no-access": 11,
  unavailable: 12,
  "no-answer": 13,
  diverged: 14,
  "command-failed": 15,
};

/** Remedies that are the same for every message of a code. */
const remedies: Readonly<Partial<Record<ErrorCode, string>>> = {
  "full-disk": "Make room and give the command again: what it has finished is kept.",
  "no-access": "Change the permissions, or choose another folder.",
  "newer-format": "Update pistar.",
};

/** What a failed command prints, and its exit code. */
export function failureOf(error: unknown): { readonly message: string; readonly exitCode: number } {
  const known = fromSystem(error);
  const message = known instanceof Error ? known.message : String(known);
  // By the property, not by the class: an uncaught error of a thread arrives without its class.
  const { code } = Object(known) as { readonly code?: unknown };
  if (typeof code !== "string" || !Object.hasOwn(exitCodes, code)) return { message, exitCode: 1 };
  const remedy = remedies[code as ErrorCode];
  return {
    message: remedy === undefined ? message : `${message}\n${remedy}`,
    exitCode: exitCodes[code as ErrorCode],
  };
}
