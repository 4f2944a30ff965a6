// Findings of validation, and their severity.

/**
 * - error: the data cannot be read right.
 * - warning: pistar reads it right, another consumer will be hurt.
 * - note: odd and harmless.
 */
export type Severity = "error" | "warning" | "note";

/** A finding and its place: file below the root, episode and column as far as they apply. */
export interface Problem {
  readonly severity: Severity;
  readonly file: string;
  readonly episode?: number;
  readonly column?: string;
  readonly message: string;
}

export type Place = Pick<Problem, "episode" | "column">;

/** Collects problems. */
export class Findings {
  readonly problems: Problem[] = [];
  private readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  add(severity: Severity, file: string, message: string, place: Place = {}): void {
    const below = file.startsWith(this.root) ? file.slice(this.root.length).replace(/^[/\\]/, "") : file;
    this.problems.push({ severity, file: below, ...place, message });
  }

  error(file: string, message: string, place?: Place): void {
    this.add("error", file, message, place);
  }

  warn(file: string, message: string, place?: Place): void {
    this.add("warning", file, message, place);
  }

  /** Runs a step. Its exceptions become problems, by default errors. */
  async attempt<T>(
    file: string,
    step: () => T | Promise<T>,
    place: Place = {},
    severity: Severity = "error",
  ): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      this.add(severity, file, (error as Error).message, place);
      return undefined;
    }
  }
}
