// Addresses that misbehave are slowed down, so that one of them does not take the server's time from the others. A wrong key and a message
// outside the protocol count alike: each doubles the delay of the address's next connection.

/** Delay after an address's first fault, milliseconds. Each further one doubles it, up to the longest. */
const firstDelay = 250;
const longestDelay = 4_000;
/** Milliseconds until an address's faults are forgotten, and the number of addresses remembered. */
const memory = 60_000;
const remembered = 10_000;

export class Penalties {
  private readonly faults = new Map<string, { readonly count: number; readonly last: number }>();

  /** Notes a fault. @returns the delay that it costs, milliseconds */
  add(address: string): number {
    const count = this.countOf(address) + 1;
    this.faults.delete(address); // the newest is the last
    this.faults.set(address, { count, last: Date.now() });
    if (this.faults.size > remembered) this.faults.delete(this.faults.keys().next().value!);
    return delayAfter(count);
  }

  /** The delay of an address's next connection, milliseconds. */
  delayOf(address: string): number {
    return delayAfter(this.countOf(address));
  }

  private countOf(address: string): number {
    const known = this.faults.get(address);
    return known && Date.now() - known.last < memory ? known.count : 0;
  }
}

const delayAfter = (count: number): number => (count === 0 ? 0 : Math.min(longestDelay, firstDelay * 2 ** (count - 1)));
