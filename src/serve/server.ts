// openpi's policy server: WebSocket, /healthz and /metrics on one port. One answer to each observation of each client, in order.
// (https://github.com/Physical-Intelligence/openpi, src/openpi/serving)
import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { PistarError } from "../system/index.ts";
import { Batcher } from "./batcher.ts";
import type { ObservationLayout } from "./layout.ts";
import { logLine } from "./log-line.ts";
import { metadataOf } from "./metadata.ts";
import { serverMetrics } from "./metrics.ts";
import { type Message, pack } from "./pack.ts";
import { layoutFor, type ServablePolicy } from "./policy-layout.ts";
import { Session } from "./session.ts";
import { warmUp } from "./warm-up.ts";

export interface ServerOptions {
  /** The keys that clients use; default: the policy's own, else observation/images/CAMERA, observation/state and prompt. */
  readonly layout?: ObservationLayout;
  /** What clients are told when they connect, beside what the server says of the policy. */
  readonly metadata?: Message;
  /** Default "127.0.0.1": this machine alone. "0.0.0.0" is everybody; use an `apiKey` then, and `tls`. */
  readonly host?: string;
  /** Default 8000; 0 takes a free one. */
  readonly port?: number;
  /** Wanted of clients and of who reads /metrics as `Authorization: Api-Key …`. */
  readonly apiKey?: string;
  /** Paths of PEM files; clients then connect to wss://. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Connections at a time; default 64. */
  readonly maxClients?: number;
  /** Bytes of one message; default 16 MiB. */
  readonly maxMessage?: number;
  /** Requests for the policy at once; default 32. */
  readonly maxBatch?: number;
  /** Takes one line of JSON per event. */
  readonly log?: (line: string) => void;
}

export interface PolicyServer {
  /** Where clients connect, such as ws://127.0.0.1:8000. */
  readonly url: string;
  /** The keys that clients use. */
  readonly layout: ObservationLayout;
  /**
   * Loads a policy while the present one serves, and puts it in its place between two batches; clients stay connected. Where loading fails, or
   * the layout is another, the present one stays and the promise rejects.
   */
  reload(load: () => Promise<ServablePolicy>): Promise<void>;
  /** Takes no more requests, answers those that have arrived, closes the connections and the policy. */
  close(): Promise<void>;
}

/**
 * Serves a policy, which then belongs to the server. The policy answers a few questions before the server listens.
 * @throws Error where the layout does not fit the policy, the policy cannot answer, the port is taken or a TLS file cannot be read; the policy
 * then stays the caller's to close
 */
export async function servePolicy(policy: ServablePolicy, options: ServerOptions = {}): Promise<PolicyServer> {
  const { host = "127.0.0.1", port = 8000, tls, apiKey } = options;
  const { maxClients = 64, maxMessage = 16 * 2 ** 20, maxBatch = 32 } = options;
  for (const [name, value] of Object.entries({ maxClients, maxMessage, maxBatch }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`Expected ${name} of at least 1, got ${value}`);
  const layout = layoutFor(policy, options.layout);
  await warmUp(policy, layout, maxBatch);
  const sessions = new Set<Session>();
  const measures = serverMetrics(() => sessions.size);
  const batcher = new Batcher(policy, layout.actions, maxBatch, (size) => measures.batches.observe(size));
  const log = (event: string, fields?: Readonly<Record<string, unknown>>) => options.log?.(logLine(event, fields));
  const context = { layout, batcher, measures, log };
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: maxMessage });
  const greetingOf = (served: ServablePolicy) => pack({ ...options.metadata, ...metadataOf(served, layout) });
  let greeting = greetingOf(policy);
  let connections = 0;
  let closing: Promise<void> | undefined;

  const http: Server = tls ? openTls(tls, answerHttp) : createServer(answerHttp);
  http.headersTimeout = 10_000;
  http.maxConnections = maxClients + 16; // for health checks, metrics, and telling the rest that there is no room
  http.on("upgrade", upgrade);

  function answerHttp(request: IncomingMessage, response: ServerResponse): void {
    const text = (status: number, body: string, type = "text/plain; charset=utf-8") =>
      response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
    if (request.method !== "GET" && request.method !== "HEAD") text(405, "Method Not Allowed\n");
    else if (request.url === "/healthz") text(200, "OK\n");
    else if (request.url !== "/metrics") text(426, "This is a policy server: connect by WebSocket.\n");
    else if (!allowed(request, apiKey)) text(401, "Unauthorized\n");
    else text(200, measures.metrics.text(), "text/plain; version=0.0.4");
  }

  function refusal(request: IncomingMessage): [status: number, outcome: string] | undefined {
    if (!allowed(request, apiKey)) return [401, "wrong key"];
    if (!sameOrigin(request)) return [403, "wrong origin"];
    if (closing || sessions.size >= maxClients) return [503, "full"];
    return undefined;
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const refused = refusal(request);
    if (refused) {
      const [status, outcome] = refused;
      measures.connections.add(outcome);
      log("refused", { address: request.socket.remoteAddress, outcome });
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      measures.connections.add("accepted");
      const id = connections++;
      log("connected", { client: id, address: request.socket.remoteAddress });
      const session = new Session(webSocket, id, greeting, context);
      sessions.add(session);
      webSocket.on("close", () => sessions.delete(session));
    });
  }

  try {
    await once(http.listen(port, host), "listening");
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new PistarError(
      "unavailable",
      `Expected to listen on ${host}:${port}, got ${code}: ${obstacles[code] ?? message}`,
    );
  }
  const address = http.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  const url = `${tls ? "wss" : "ws"}://${name}:${address.port}`;
  log("listening", { url });

  async function reload(load: () => Promise<ServablePolicy>): Promise<void> {
    try {
      await replace(await load());
      measures.reloads.add("done");
      log("reloaded");
    } catch (error) {
      measures.reloads.add("failed");
      log("reload failed", { error: (error as Error).message });
      throw error;
    }
  }

  async function replace(next: ServablePolicy): Promise<void> {
    try {
      if (closing) throw new Error("The server was closed while the policy was loading");
      const [before, after] = [layout, layoutFor(next, options.layout)].map((each) => JSON.stringify(each));
      if (before !== after)
        throw new PistarError("wrong-layout", `Expected a policy of the layout ${before}, got ${after}`);
      await warmUp(next, layout, maxBatch);
      greeting = greetingOf(next);
    } catch (error) {
      await next.close();
      throw error;
    }
    await batcher.replace(next);
  }

  async function shutDown(): Promise<void> {
    const stopped = new Promise((resolve) => http.close(resolve));
    await Promise.all([...sessions].map((session) => session.finish()));
    http.closeAllConnections();
    await stopped;
    await batcher.policy.close();
    log("closed");
  }

  return {
    url,
    layout,
    reload,
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

/** What keeps a server from listening, and what to do about it. */
const obstacles: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; choose another port, or 0 for any free one",
  EACCES: "the port is the system's; choose one from 1024 up",
  EADDRNOTAVAIL: "this machine has no such address; 127.0.0.1 is itself alone, 0.0.0.0 all its addresses",
  ENOTFOUND: "there is no such host; 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses",
};

function openTls({ cert, key }: NonNullable<ServerOptions["tls"]>, answer: RequestListener): Server {
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  try {
    return createTlsServer(files, answer);
  } catch (error) {
    throw new PistarError(
      "damaged-file",
      `Expected a certificate in ${cert} and its key in ${key}, PEM both, got: ${(error as Error).message}`,
      { path: cert },
    );
  }
}

/** Whether the request carries the key, compared in a time that tells nothing of it. */
function allowed(request: IncomingMessage, apiKey: string | undefined): boolean {
  if (apiKey === undefined) return true;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ""), digest(`Api-Key ${apiKey}`));
}

/** Browsers name the page's origin, other clients none: a web page must not reach a server on its reader's machine. */
function sameOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
