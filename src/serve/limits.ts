// Limits of one message. A larger one is refused before any work on it.

/** Joint targets are degrees, radians, metres, motor ticks or shares of a range. None of them is as large. */
export const largestAction = 1e5;

/** Characters of a prompt: more than any instruction has. */
export const longestPrompt = 4096;

/** Pixels of a picture's side, as the widest cameras have. */
export const longestSide = 8192;

/** Pixels of a compressed picture: a few bytes can hold many more. 4K video has as many. */
export const largestPicture = 4096 * 2160;

/** Most characters of an error to a client, or in a line of the log. */
const longestError = 1000;

/** A text with at most so many characters. */
export const cut = (text: string, length = longestError): string =>
  text.length > length ? `${text.slice(0, length)}… (${text.length} characters)` : text;
