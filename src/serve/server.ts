// openpi's policy server: WebSocket, /healthz, /readyz and /metrics on one port. One answer to each observation of each client, in order.
// (https://github.com/Physical-Intelligence/openpi, src/openpi/serving)
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { PistarError } from "../system/index.ts";
import { Access } from "./access.ts";
import { Batcher } from "./batcher.ts";
import { Clients } from "./clients.ts";
import { answerHttp } from "./http-pages.ts";
import type { ObservationLayout } from "./layout.ts";
import { cut } from "./limits.ts";
import { logLine } from "./log-line.ts";
import { metadataOf } from "./metadata.ts";
import { serverMetrics } from "./metrics.ts";
import { Newcomers } from "./newcomers.ts";
import { type Message, pack } from "./pack.ts";
import { Penalties } from "./penalties.ts";
import { layoutFor, type ServablePolicy } from "./policy-layout.ts";
import { Readiness } from "./readiness.ts";
import { Session } from "./session.ts";
import { warmUp } from "./warm-up.ts";

export interface ServerOptions {
  /** The clients' keys; default: the policy's own, else observation/images/CAMERA, observation/state and prompt. */
  readonly layout?: ObservationLayout;
  /** Metadata for clients, beside the policy's own. */
  readonly metadata?: Message;
  /** The instruction for clients that send none; without it they are refused. */
  readonly defaultPrompt?: string;
  /** Default "127.0.0.1": this machine alone. "0.0.0.0" is everybody; use an `apiKey` then, and `tls`. */
  readonly host?: string;
  /** Default 8000; 0 takes a free one. */
  readonly port?: number;
  /** Required from clients and readers of /metrics as `Authorization: Api-Key …`. */
  readonly apiKey?: string;
  /** Paths of PEM files; clients then connect to wss://. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Connections at a time; default 64. */
  readonly maxClients?: number;
  /** Connections of one address at a time; default half of `maxClients`, at least 8. */
  readonly maxClientsPerAddress?: number;
  /** Seconds without a message until a client may lose its place to another; default 60. */
  readonly idleSeconds?: number;
  /** Bytes of one message; default 16 MiB. */
  readonly maxMessage?: number;
  /** Requests for the policy at once; default 32. */
  readonly maxBatch?: number;
  /** Takes one line of JSON per event. */
  readonly log?: (line: string) => void;
}

export interface PolicyServer {
  /** Address for clients, such as ws://127.0.0.1:8000. */
  readonly url: string;
  /** The clients' keys. */
  readonly layout: ObservationLayout;
  /**
   * Loads a policy during service, lets it answer a few requests, and swaps it in between two batches. Clients stay
   * connected. If loading or an answer fails, or the layout differs, the present policy stays and the promise rejects.
   */
  reload(load: () => Promise<ServablePolicy>): Promise<void>;
  /** Takes no more requests, answers those received, closes the connections and the policy. */
  close(): Promise<void>;
}

/**
 * Serves a policy. The server then owns it. The policy answers a few requests before the server listens.
 * @throws Error if the layout does not fit the policy, the policy cannot answer, the port is taken or a TLS file cannot
 * be read; the policy is then the caller's to close
 */
export async function servePolicy(policy: ServablePolicy, options: ServerOptions = {}): Promise<PolicyServer> {
  const { maxClients = 64, maxMessage = 16 * 2 ** 20, maxBatch = 32, idleSeconds = 60 } = options;
  const { maxClientsPerAddress = Math.max(8, Math.ceil(maxClients / 2)) } = options;
  for (const [name, value] of Object.entries({ maxClients, maxClientsPerAddress, maxMessage, maxBatch }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`Expected ${name} of at least 1, got ${value}`);
  const layout = layoutFor(policy, options.layout);
  await warmUp(policy, layout, maxBatch);
  const server = new RunningServer(policy, layout, {
    ...options,
    maxClients,
    maxClientsPerAddress,
    maxMessage,
    maxBatch,
    idleSeconds,
  });
  await server.listen();
  return server;
}

type Settled = ServerOptions &
  Required<Pick<ServerOptions, "maxClients" | "maxClientsPerAddress" | "maxMessage" | "maxBatch" | "idleSeconds">>;

class RunningServer implements PolicyServer {
  url = "";
  readonly layout: ObservationLayout;
  private readonly options: Settled;
  private readonly host: string;
  private readonly clients: Clients;
  private readonly newcomers = new Newcomers();
  private readonly penalties = new Penalties();
  private readonly access: Access;
  private readonly measures = serverMetrics(() => this.clients.sessions.size);
  private readonly batcher: Batcher;
  private readonly http: Server;
  private readonly sockets: WebSocketServer;
  private readonly log: (event: string, fields?: Readonly<Record<string, unknown>>) => void;
  private greeting: Uint8Array;
  private connections = 0;
  private episodes = 0;
  private closing: Promise<void> | undefined;

  constructor(policy: ServablePolicy, layout: ObservationLayout, options: Settled) {
    this.layout = layout;
    this.options = options;
    this.host = options.host ?? "127.0.0.1";
    this.log = (event, fields) => options.log?.(logLine(event, fields));
    this.clients = new Clients(options);
    this.access = new Access(this.host, options.apiKey, this.penalties);
    this.batcher = new Batcher(policy, layout.actions, options.maxBatch, (size) => this.measures.batches.observe(size));
    this.greeting = this.greetingOf(policy);
    this.sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: options.maxMessage });
    this.http = openHttp(options.tls);
    const readiness = new Readiness(this.batcher, layout);
    const { access, measures } = this;
    this.http.on("connection", (socket: Socket) => this.newcomers.add(socket));
    this.http.on("request", (request, response) => void answerHttp(request, response, { access, measures, readiness }));
    this.http.on("upgrade", (request, socket, head) => void this.upgrade(request, socket, head));
  }

  async listen(): Promise<void> {
    const { port = 8000, tls } = this.options;
    try {
      await once(this.http.listen(port, this.host), "listening");
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException;
      throw new PistarError(
        "unavailable",
        `Expected to listen on ${this.host}:${port}, got ${code}: ${obstacles[code] ?? message}`,
      );
    }
    const address = this.http.address() as AddressInfo;
    const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
    this.url = `${tls ? "wss" : "ws"}://${name}:${address.port}`;
    this.log("listening", { url: this.url });
  }

  private greetingOf(policy: ServablePolicy): Uint8Array {
    return pack({ ...metadataOf(policy, this.layout), ...this.options.metadata });
  }

  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    const address = request.socket.remoteAddress ?? "";
    const full = {
      status: 503,
      outcome: "full",
      message: "Expected a free place, but all clients' places are taken",
    } as const;
    await sleep(this.penalties.delayOf(address));
    const refused =
      (await this.access.refusal(request)) ?? (this.closing || !this.clients.makeRoom(address) ? full : undefined);
    if (socket.destroyed) return;
    if (refused) {
      const { status, outcome, message } = refused;
      this.measures.connections.add(outcome);
      this.log("refused", { address, outcome });
      socket.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
          `Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
      );
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.newcomers.remove(request.socket, address);
      this.measures.connections.add("accepted");
      const id = this.connections++;
      this.log("connected", { client: id, address });
      const { layout, batcher, measures, log, clients } = this;
      const { defaultPrompt, maxMessage } = this.options;
      const nextEpisode = () => this.episodes++;
      const onFault = () => this.penalties.add(address);
      const context = { layout, batcher, measures, log, defaultPrompt, maxMessage, nextEpisode, onFault };
      const session = new Session(webSocket, id, address, this.greeting, context);
      clients.sessions.add(session);
      webSocket.on("close", () => clients.sessions.delete(session));
    });
  }

  async reload(load: () => Promise<ServablePolicy>): Promise<void> {
    try {
      await this.replace(await load());
      this.measures.reloads.add("done");
      this.log("reloaded");
    } catch (error) {
      this.measures.reloads.add("failed");
      this.log("reload failed", { error: cut((error as Error).message) });
      throw error;
    }
  }

  private async replace(next: ServablePolicy): Promise<void> {
    const { layout, options } = this;
    try {
      const [before, after] = [layout, layoutFor(next, options.layout)].map((each) => JSON.stringify(each));
      if (before !== after)
        throw new PistarError("wrong-layout", `Expected a policy of the layout ${before}, got ${after}`);
      await warmUp(next, layout, options.maxBatch);
      if (this.closing) throw new Error("The server was closed while the policy was loading");
      this.greeting = this.greetingOf(next);
    } catch (error) {
      await next.close();
      throw error;
    }
    await this.batcher.replace(next);
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    const stopped = new Promise((resolve) => this.http.close(resolve));
    await Promise.all([...this.clients.sessions].map((session) => session.finish()));
    this.http.closeAllConnections();
    await stopped;
    await this.batcher.policy.close();
    this.log("closed");
  }
}

/** Reasons against listening, with advice. */
const obstacles: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; choose another port, or 0 for any free one",
  EACCES: "the port is the system's; choose one from 1024 up",
  EADDRNOTAVAIL: "this machine has no such address; 127.0.0.1 is itself alone, 0.0.0.0 all its addresses",
  ENOTFOUND: "there is no such host; 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses",
};

function openHttp(tls: ServerOptions["tls"]): Server {
  if (!tls) return createServer();
  const { cert, key } = tls;
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  try {
    return createTlsServer(files);
  } catch (error) {
    throw new PistarError(
      "damaged-file",
      `Expected a certificate in ${cert} and its key in ${key}, PEM both, got: ${(error as Error).message}`,
      { path: cert },
    );
  }
}
