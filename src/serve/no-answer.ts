// The error for a policy server without an answer.
import { PistarError } from "../system/index.ts";

/** Why there is no action now. The robot holds still, and asks again. */
export type NoAnswerReason = "late" | "disconnected" | "server error";

/**
 * A policy server did not answer in time ("late"), cannot be reached or hung up ("disconnected"), or reported an error of its own
 * ("server error": its traceback is in the message). Asking again is safe: the client reconnects, and drops answers to earlier questions.
 */
export class NoAnswerError extends PistarError {
  override readonly name = "NoAnswerError";
  readonly reason: NoAnswerReason;

  constructor(reason: NoAnswerReason, message: string) {
    super("no-answer", message);
    this.reason = reason;
  }
}
