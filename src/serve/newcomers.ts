// New connections before any agreement. There is always room for another: the oldest one of the busiest address has to
// go.
import type { Socket } from "node:net";

/** Newcomers of one address, and in all. A handshake takes milliseconds, so honest ones are few. */
const perAddress = 32;
const inAll = 256;
/** Milliseconds for a connection to become a client's, or to get a page. */
const patience = 5_000;

export class Newcomers {
  /** The newest last. */
  private readonly sockets = new Map<string, Set<Socket>>();
  private count = 0;

  add(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const ofAddress = this.sockets.get(address) ?? new Set();
    this.sockets.set(address, ofAddress);
    ofAddress.add(socket);
    this.count++;
    const timer = setTimeout(() => {
      if (this.sockets.get(address)?.has(socket)) socket.destroy();
    }, patience);
    socket.once("close", () => {
      clearTimeout(timer);
      this.remove(socket, address);
    });
    if (ofAddress.size > perAddress) this.drop(address);
    else if (this.count > inAll) this.drop(this.busiest());
  }

  /** Removes a connection, now a client's. */
  remove(socket: Socket, address = socket.remoteAddress ?? ""): void {
    const ofAddress = this.sockets.get(address);
    if (!ofAddress?.delete(socket)) return;
    this.count--;
    if (ofAddress.size === 0) this.sockets.delete(address);
  }

  private drop(address: string): void {
    const [oldest] = this.sockets.get(address)!;
    this.remove(oldest!, address);
    oldest!.destroy();
  }

  private busiest(): string {
    return [...this.sockets].reduce((most, each) => (each[1].size > most[1].size ? each : most))[0];
  }
}
