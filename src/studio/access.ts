// Who may reach the studio. It moves a robot, and any web page can open a socket to this machine: host, origin and key are checked, for the
// page's files and for the socket alike.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const loopback = ["127.0.0.1", "localhost", "::1"];

export class StudioAccess {
  /** Part of the printed address. Absent on this machine's own address. */
  readonly key: string | undefined;

  /** @param host the listening address */
  constructor(host: string) {
    this.key = loopback.includes(host) ? undefined : randomBytes(16).toString("base64url");
  }

  /** Why a request is refused, or undefined. */
  refusal({ headers, url = "/" }: IncomingMessage): string | undefined {
    const { host = "", origin } = headers;
    const named = urlOf(`http://${host}`);
    if (!named) return "Expected a host";
    // With DNS rebinding another site's name leads here. That name is in the request. With a key the key decides.
    if (this.key === undefined && !loopback.includes(named.hostname.replace(/^\[|\]$/g, "")))
      return "Expected 127.0.0.1 or localhost as the host";
    if (origin !== undefined && urlOf(origin)?.host !== named.host) return "Expected no page of another origin";
    if (this.key !== undefined && !this.hasKey(url, headers.cookie))
      return "Expected the key of the address that pistar studio printed";
    return undefined;
  }

  /** The key comes in the address once; then a cookie has it, for the page's files and the socket. */
  get cookie(): string | undefined {
    return this.key && `studio=${this.key}; HttpOnly; SameSite=Strict; Path=/`;
  }

  private hasKey(url: string, cookies = ""): boolean {
    const inAddress = urlOf(url, "http://studio")?.searchParams.get("key");
    const inCookie = /(?:^|;\s*)studio=([\w-]+)/.exec(cookies)?.[1];
    return [inAddress, inCookie].some((given) => typeof given === "string" && same(given, this.key!));
  }
}

/** Compares in a time independent of the key. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

const urlOf = (text: string, base?: string): URL | undefined =>
  URL.canParse(text, base) ? new URL(text, base) : undefined;
