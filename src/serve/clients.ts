// The connected clients, and whether there is room for another one.
import type { Session } from "./session.ts";

interface Limits {
  readonly maxClients: number;
  readonly maxClientsPerAddress: number;
  /** Seconds without a message until a client gives way to another. */
  readonly idleSeconds: number;
}

export class Clients {
  readonly sessions = new Set<Session>();
  private readonly limits: Limits;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Whether a client of this address finds room. Without a free place, the longest idle client may have to go. */
  makeRoom(address: string): boolean {
    const { maxClients, maxClientsPerAddress } = this.limits;
    const ofAddress = [...this.sessions].filter((session) => session.address === address);
    if (ofAddress.length >= maxClientsPerAddress) return this.dismissIdle(ofAddress);
    return this.sessions.size < maxClients || this.dismissIdle([...this.sessions]);
  }

  private dismissIdle(sessions: readonly Session[]): boolean {
    const before = performance.now() - 1000 * this.limits.idleSeconds;
    const [longest] = sessions
      .filter(({ idle, lastMessage }) => idle && lastMessage <= before)
      .sort((a, b) => a.lastMessage - b.lastMessage);
    if (!longest) return false;
    this.sessions.delete(longest);
    longest.end(1008, "Idle, and another client wanted the place");
    return true;
  }
}
