// Errors for a caller to react to. Each has a code, and often a path.

export type ErrorCode =
  /** A file or folder is not there. Give another path, or make it first; the message names the command that does. */
  | "missing-file"
  /** A file cannot be decoded, or a field of it has a wrong value. Copy it again, or make it anew. */
  | "damaged-file"
  /** A newer pistar wrote the file. Update pistar. */
  | "newer-format"
  /** Two parts do not fit together: a policy and a robot, weights and a network, an observation layout and a policy. Choose another of either. */
  | "wrong-layout"
  /** The folder or file to write exists already. Remove it, or choose another name. */
  | "already-there"
  /** A run was begun with other options, other data, or an earlier format. Begin a new run in another folder. */
  | "cannot-resume"
  /** Another process writes there. Wait for it or end it; the message names the process. */
  | "busy-lock"
  /** The disk is full. Make room and try again: what was finished is kept. */
  | "full-disk"
  /** The system refuses to read or write the path. Change its permissions, or choose another folder. */
  | "no-access"
  /** An option or argument has a value that is not allowed. Correct it; the message says what is expected. */
  | "bad-option"
  /** A device, an optional package or a network port cannot be used on this machine. The message says what to install or to change. */
  | "unavailable"
  /** A policy server or a motor does not answer, or answers wrongly. Start or restart it, or look at its cables. */
  | "no-answer"
  /** A command that pistar was given, such as an outside trainer, has failed. Its log is named: mend the cause and give the same command again. */
  | "command-failed"
  /** Numbers are no longer finite. Lower the learning rate, or look for wrong values in the data. */
  | "diverged";

/** The details of a PistarError beside its message. */
interface ErrorDetails {
  readonly path?: string | undefined;
  readonly cause?: unknown;
}

/**
 * An error for a caller to react to, by `code`. Every other error is a mistake in a call (a TypeError or a RangeError), or has no known
 * remedy.
 */
export class PistarError extends Error {
  override readonly name: string = "PistarError";
  readonly code: ErrorCode;
  /** The file or folder in question. */
  readonly path: string | undefined;

  constructor(code: ErrorCode, message: string, { path, cause }: ErrorDetails = {}) {
    super(message, { cause });
    this.code = code;
    this.path = path;
  }
}

const codeOfSystem: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "missing-file",
  ENOTDIR: "missing-file",
  ENOSPC: "full-disk",
  EDQUOT: "full-disk",
  EFBIG: "full-disk",
  EACCES: "no-access",
  EPERM: "no-access",
  EROFS: "no-access",
};

/**
 * The PistarError for a system error about a file, such as ENOSPC. Any other error comes back as it is.
 * @param path the file that was read or written, if the system's error does not name it
 */
export function fromSystem(error: unknown, path?: string): unknown {
  if (!(error instanceof Error) || error instanceof PistarError) return error;
  const { code, path: named = path } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : codeOfSystem[code];
  if (known === undefined) return error;
  const told = named === undefined || error.message.includes(named) ? error.message : `${named}: ${error.message}`;
  return new PistarError(known, told, { path: named, cause: error });
}

/** The PistarError for an readError file. @param expected such as "a parquet file" */
export function readError(path: string, expected: string, error: unknown): PistarError {
  const { code } = error as NodeJS.ErrnoException;
  const message = `${path}: expected ${expected} (${code ?? (error as Error).message})`;
  return new PistarError(codeOfSystem[code ?? ""] ?? "damaged-file", message, { path, cause: error });
}

/** The same error with the place before its message. Code and path are kept. */
export function located(where: string, error: unknown): Error {
  const known = fromSystem(error);
  const message = `${where}: ${known instanceof Error ? known.message : String(known)}`;
  if (!(known instanceof PistarError)) return new Error(message, { cause: error });
  return new PistarError(known.code, message, { path: known.path, cause: error });
}

/** An error for `postMessage`, which by itself drops class and properties, and everything of a DOMException such as an AbortError. */
interface PackedError {
  readonly error: unknown;
  readonly properties: object;
}

/** Makes an error ready for `postMessage`. */
export function packError(thrown: unknown): PackedError {
  const error = fromSystem(thrown);
  if (!(error instanceof Error)) return { error, properties: {} };
  if (error instanceof DOMException) return { error: new Error(error.message), properties: { name: error.name } };
  return { error, properties: Object.fromEntries(Object.entries(error).filter(([, x]) => Object(x) !== x)) };
}

/** The inverse of `packError`, in the other thread. */
export function unpackError({ error, properties }: PackedError): unknown {
  if (!(error instanceof Error)) return error;
  const { name, code, path } = properties as Partial<PistarError>;
  if (name !== "PistarError") return Object.assign(error, properties);
  const known = new PistarError(code!, error.message, { path, cause: error.cause });
  if (error.stack !== undefined) known.stack = error.stack;
  return known;
}
