/**
 * Writes the actions of `horizon` steps from a frame on. Steps beyond the episode's end, or beyond the last acted
 * frame, repeat the last action and are marked as padding (LeRobot's action_is_pad) for the loss.
 *
 * @param actions [frames, width], used up to `end`
 * @param chunk [horizon, stride], written in the first `width` entries of each row; stride = chunk.length / horizon
 * @param isPad [horizon]
 */
export function actionChunk(
  actions: Float32Array,
  width: number,
  frame: number,
  end: number,
  chunk: Float32Array,
  isPad: Uint8Array,
): void {
  const stride = chunk.length / isPad.length;
  for (let step = 0; step < isPad.length; step++) {
    const at = Math.max(frame, Math.min(frame + step, end - 1));
    chunk.set(actions.subarray(at * width, (at + 1) * width), step * stride);
    isPad[step] = frame + step < end ? 0 : 1;
  }
}
