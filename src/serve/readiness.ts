// Whether the policy answers now, for /readyz.
import type { Batcher } from "./batcher.ts";
import type { ObservationLayout } from "./layout.ts";
import { cut } from "./limits.ts";
import { probeFor } from "./warm-up.ts";

/** Milliseconds for the policy's probe, and for keeping its result: frequent questions cost no more. */
const patience = 4_000;
const kept = 1_000;

export class Readiness {
  private readonly batcher: Batcher;
  private readonly layout: ObservationLayout;
  private last: { readonly at: number; readonly trouble: Promise<string | undefined> } | undefined;

  constructor(batcher: Batcher, layout: ObservationLayout) {
    this.batcher = batcher;
    this.layout = layout;
  }

  /** The reason against an answer in time, or undefined. */
  trouble(): Promise<string | undefined> {
    const now = performance.now();
    if (!this.last || now - this.last.at > kept) this.last = { at: now, trouble: this.ask() };
    return this.last.trouble;
  }

  private async ask(): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`The policy has not answered for ${patience / 1000} s`), patience);
    });
    const answered = this.batcher
      .infer(probeFor(this.layout), () => true)
      .then(() => undefined)
      .catch((error: Error) => `The policy fails: ${cut(error.message)}`);
    try {
      return await Promise.race([answered, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
