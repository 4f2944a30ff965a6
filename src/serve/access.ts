// Access to a policy server: by API key, by the name in the request, and by the page that asks.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import type { Penalties } from "./penalties.ts";

export interface Refusal {
  readonly status: number;
  readonly outcome: "wrong key" | "wrong host" | "wrong origin";
  /** Advice for the client. */
  readonly message: string;
}

const loopback = ["localhost", "127.0.0.1", "::1"];

export class Access {
  private readonly host: string;
  private readonly apiKey: string | undefined;
  private readonly penalties: Penalties;

  /** @param host the server's listening address */
  constructor(host: string, apiKey: string | undefined, penalties: Penalties) {
    this.host = host;
    this.apiKey = apiKey;
    this.penalties = penalties;
  }

  /** The reason to refuse a request, or undefined. A wrong key is refused after a delay, so nobody can try many. */
  async refusal(request: IncomingMessage): Promise<Refusal | undefined> {
    const { host = "", origin } = request.headers;
    if (!this.hasKey(request)) {
      await sleep(this.penalties.add(request.socket.remoteAddress ?? ""));
      return { status: 401, outcome: "wrong key", message: "Expected the server's key as Authorization: Api-Key KEY" };
    }
    if (this.apiKey === undefined && !this.isOwnName(nameIn(host)))
      return {
        status: 403,
        outcome: "wrong host",
        message:
          "Expected one of this server's own names as the host. A server without an API key answers to its address, localhost and the name given as --host alone.",
      };
    // Browsers name the page's origin, other clients none: a web page must not reach a server on its reader's machine.
    if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host))
      return { status: 403, outcome: "wrong origin", message: "Expected no web page of another origin" };
    return undefined;
  }

  /** Compares in a time independent of the key. */
  private hasKey({ headers }: IncomingMessage): boolean {
    if (this.apiKey === undefined) return true;
    const digest = (text: string) => createHash("sha256").update(text).digest();
    return timingSafeEqual(digest(headers.authorization ?? ""), digest(`Api-Key ${this.apiKey}`));
  }

  /**
   * A web page can give its own name this machine's address (DNS rebinding), and then has the right origin. It cannot
   * take the machine's own name, or a bare address.
   */
  private isOwnName(name: string): boolean {
    if (loopback.includes(name) || name === this.host.toLowerCase()) return true;
    if (loopback.includes(this.host)) return false;
    const own = hostname().toLowerCase();
    return isIP(name) !== 0 || name === own || name === `${own}.local`;
  }
}

/** The name in a Host header: without the port and an IPv6 address's brackets. */
function nameIn(host: string): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "";
}
