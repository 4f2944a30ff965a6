// The line between a driver and emulated motors, in memory. Answers come at once, unless a fault delays them.
import type { ByteStream } from "../bus.ts";
import type { Clock } from "../clock.ts";
import type { EmulatedChain } from "./chain.ts";
import { faultless, type LineFault } from "./line-faults.ts";

export class EmulatedStream implements ByteStream {
  readonly name = "emulated";
  fault: LineFault = faultless;
  private readonly chain: EmulatedChain;
  private readonly clock: Clock;
  private onData: (bytes: Uint8Array) => void = () => {};
  private onEnd: (why: string) => void = () => {};
  private open = true;
  /** A late answer holds up those after it: a line keeps the order of its bytes. */
  private busyUntil = 0;

  constructor(chain: EmulatedChain, clock: Clock) {
    this.chain = chain;
    this.clock = clock;
  }

  listen(onData: (bytes: Uint8Array) => void, onEnd: (why: string) => void): void {
    this.onData = onData;
    this.onEnd = onEnd;
  }

  write(bytes: Uint8Array): void {
    if (!this.open) return;
    const now = this.clock.now();
    for (const { bytes: answer, delay } of this.fault(this.chain.receive(bytes, now))) {
      this.busyUntil = Math.max(this.busyUntil, now + delay);
      if (this.busyUntil === now) this.deliver(answer);
      else this.clock.watch(this.busyUntil - now, () => this.deliver(answer));
    }
  }

  /** Pulls the USB plug. The motors keep their power. */
  unplug(): void {
    if (!this.open) return;
    this.open = false;
    this.onEnd("the port was unplugged");
  }

  async close(): Promise<void> {
    this.open = false;
  }

  private deliver(bytes: Uint8Array): void {
    if (this.open) this.onData(bytes);
  }
}
