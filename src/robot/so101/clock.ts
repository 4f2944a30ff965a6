// Time, as the arm's driver sees it: the computer's clock, or a simulated one for the emulator.

export interface Clock {
  /** Whether time passes by itself. */
  readonly real: boolean;
  /** Milliseconds since some beginning. */
  now(): number;
  /** Calls back after `ms` milliseconds. @returns a function to cancel it */
  after(ms: number, callback: () => void): () => void;
  /** The same for an alarm, such as that of a watchdog. Simulated time does not pass for it. */
  watch(ms: number, callback: () => void): () => void;
  /** Waits until the clock shows `deadline`. */
  until(deadline: number): Promise<void>;
}

/** The last milliseconds before a deadline are spent awake, because timers are late by about one. */
const spin = 2;

const realAfter = (ms: number, callback: () => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** The computer's monotonic clock. */
export const realClock: Clock = {
  real: true,
  now: () => performance.now(),
  after: realAfter,
  watch: realAfter,
  async until(deadline) {
    const left = deadline - performance.now();
    if (left > spin) await new Promise((resolve) => setTimeout(resolve, left - spin));
    while (performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  },
};

/** Waits `ms` milliseconds. */
export const wait = (clock: Clock, ms: number): Promise<void> => clock.until(clock.now() + ms);

interface Timer {
  readonly at: number;
  readonly order: number;
  /** Whether time passes for it. */
  readonly drives: boolean;
  readonly callback: () => void;
}

/**
 * Simulated time. It passes only while someone waits, and then at once. All work of one moment is done before the next moment begins, so the
 * same calls give the same times.
 */
export class SimulatedClock implements Clock {
  readonly real = false;
  private time = 0;
  private count = 0;
  private timers: Timer[] = [];
  private pumping = false;

  now(): number {
    return this.time;
  }

  after(ms: number, callback: () => void): () => void {
    return this.add(ms, true, callback);
  }

  watch(ms: number, callback: () => void): () => void {
    return this.add(ms, false, callback);
  }

  until(deadline: number): Promise<void> {
    if (deadline <= this.time) return Promise.resolve();
    return new Promise((resolve) => this.after(deadline - this.time, resolve));
  }

  private add(ms: number, drives: boolean, callback: () => void): () => void {
    const timer = { at: this.time + Math.max(0, ms), order: this.count++, drives, callback };
    this.timers.push(timer);
    if (drives) this.pump();
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    setImmediate(() => {
      this.pumping = false;
      if (!this.timers.some(({ drives }) => drives)) return;
      const next = this.timers.reduce((a, b) => (b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a));
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = Math.max(this.time, next.at);
      next.callback();
      if (this.timers.some(({ drives }) => drives)) this.pump();
    });
  }
}
