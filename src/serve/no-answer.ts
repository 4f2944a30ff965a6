/** Why there is no action now; the robot had better hold still, and ask again. */
export type NoAnswerReason = "late" | "disconnected" | "server error";

/**
 * A policy server did not answer in time ("late"), cannot be reached or hung up ("disconnected"), or reported an error of its own
 * ("server error": its traceback is in the message). Asking again is safe: the client reconnects, and drops answers to earlier questions.
 */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly reason: NoAnswerReason;

  constructor(reason: NoAnswerReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
