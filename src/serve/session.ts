// One client of a policy server: its frames one after another, an answer to each, and an end when it does not keep to the protocol.
import type { RawData, WebSocket } from "ws";
import type { PolicyRequest } from "../robot/index.ts";
import type { Batcher } from "./batcher.ts";
import { describe, type ObservationLayout, unpackLeftover, unpackObservation } from "./layout.ts";
import { seedKey } from "./metadata.ts";
import type { ServerMetrics } from "./metrics.ts";
import { NdArray } from "./ndarray.ts";
import { isDict, pack } from "./pack.ts";
import { unpack } from "./unpack.ts";

/** Frames kept of a client that does not wait for its answers, before its socket is no longer read, and before it is hung up on. */
const readAhead = 2;
const patience = 1024;
/** Milliseconds between pings, and for a client to answer a closing handshake. */
const heartbeat = 20_000;
const farewell = 2_000;

export interface SessionContext {
  readonly layout: ObservationLayout;
  readonly batcher: Batcher;
  readonly measures: ServerMetrics;
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

export class Session {
  private readonly socket: WebSocket;
  private readonly id: number;
  private readonly context: SessionContext;
  private readonly waiting: Buffer[] = [];
  private readonly pulse: NodeJS.Timeout;
  private working: Promise<void> | undefined;
  private finishing = false;
  private ended = false;
  private steps = 0;
  private previous: number | undefined;

  /** Sends the packed metadata; `id` numbers the connections. */
  constructor(socket: WebSocket, id: number, metadata: Uint8Array, context: SessionContext) {
    this.socket = socket;
    this.id = id;
    this.context = context;
    let alive = true;
    this.pulse = setInterval(() => {
      if (!alive && !socket.isPaused) socket.terminate();
      alive = false;
      socket.ping();
    }, heartbeat);
    socket.on("pong", () => {
      alive = true;
    });
    socket.on("message", (data, isBinary) => this.receive(data, isBinary));
    socket.on("error", (error) => {
      context.measures.requests.add("bad request");
      context.log("protocol error", { client: id, error: error.message });
      this.end(1002, ""); // ws has begun to close, with the code that fits
    });
    socket.on("close", (code) => {
      clearInterval(this.pulse);
      this.ended = true;
      context.log("disconnected", { client: id, code });
    });
    socket.send(metadata);
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (this.ended || this.finishing) return;
    this.waiting.push(data as Buffer);
    if (!isBinary) this.refuse(new TypeError("Expected a binary frame, got a text frame"), "bad request");
    else if (this.waiting.length > patience) this.end(1008, "Wait for the answers");
    else {
      if (this.waiting.length >= readAhead) this.socket.pause();
      this.working ??= this.work();
    }
  }

  private async work(): Promise<void> {
    for (let frame = this.waiting.shift(); frame && !this.ended; frame = this.waiting.shift()) {
      await this.answer(frame);
      if (this.waiting.length < readAhead) this.socket.resume();
    }
    this.working = undefined;
  }

  private async answer(frame: Buffer): Promise<void> {
    const { batcher, measures } = this.context;
    const start = performance.now();
    let request: PolicyRequest;
    try {
      request = this.request(frame);
    } catch (error) {
      return this.refuse(error as Error, "bad request");
    }
    const decoded = performance.now();
    try {
      const { chunk, waited, inferred } = await batcher.infer(request, () => !this.ended);
      const answered = performance.now();
      const bytes = pack({
        actions: new NdArray("float32", [chunk.horizon, chunk.actions.length / chunk.horizon], chunk.actions),
        state: new NdArray("float32", [request.state.length], request.state),
        policy_timing: { infer_ms: inferred },
        server_timing: {
          infer_ms: answered - decoded,
          ...(this.previous !== undefined && { prev_total_ms: this.previous }),
        },
      });
      const encoded = performance.now();
      await this.send(bytes);
      this.previous = performance.now() - start;
      const stages = { decode: decoded - start, wait: waited, infer: inferred, encode: encoded - answered };
      for (const [stage, milliseconds] of Object.entries(stages)) measures.seconds.observe(milliseconds / 1000, stage);
      measures.seconds.observe(this.previous / 1000, "total");
      measures.requests.add("answered");
    } catch (error) {
      if (!this.ended) this.refuse(error as Error, "policy error");
    }
  }

  /** Waits until the system has taken the bytes: who does not read its answers gets no further ones, and is given up in the end. */
  private async send(bytes: Uint8Array): Promise<void> {
    const timer = setTimeout(() => this.socket.terminate(), heartbeat);
    await new Promise<void>((resolve) => this.socket.send(bytes, () => resolve()));
    clearTimeout(timer);
  }

  private request(frame: Buffer): PolicyRequest {
    const message = unpack(frame);
    if (!isDict(message)) throw new TypeError(`Expected an observation as a dict, got ${describe(message)}`);
    const seed = message[seedKey] ?? [this.id, this.steps++];
    if (!isSeed(seed)) throw new TypeError(`Expected "${seedKey}" as two whole numbers, got ${describe(seed)}`);
    const { layout, batcher } = this.context;
    const leftover = batcher.policy.continues ? unpackLeftover(layout, message) : undefined;
    return { ...unpackObservation(layout, message), seed, ...(leftover && { leftover }) };
  }

  /** openpi's way to report an error: a text frame, then the end. */
  private refuse(error: Error, outcome: "bad request" | "policy error"): void {
    this.context.measures.requests.add(outcome);
    this.context.log(outcome, { client: this.id, error: outcome === "policy error" ? error.stack : error.message });
    this.socket.send(`${error.name}: ${error.message}`);
    this.end(1011, "Internal server error. Traceback included in previous frame.");
  }

  private end(code: number, reason: string): void {
    this.ended = true;
    this.waiting.length = 0;
    this.socket.resume(); // or the other side's closing frame is never read
    hangUp(this.socket, code, reason);
  }

  /** Answers what has arrived, then says goodbye. */
  async finish(): Promise<void> {
    this.finishing = true;
    await this.working;
    if (this.socket.readyState === this.socket.CLOSED) return;
    const closed = new Promise((resolve) => this.socket.once("close", resolve));
    this.end(1001, "The server is shutting down");
    await closed;
  }
}

/** Closes politely; without an answer within two seconds, impolitely. */
function hangUp(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  const timer = setTimeout(() => socket.terminate(), farewell);
  socket.once("close", () => clearTimeout(timer));
}

const isSeed = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);
