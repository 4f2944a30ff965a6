// One client of a policy server: its frames one after another, an answer to each, and an end when it does not keep to the protocol.
import type { RawData, WebSocket } from "ws";
import type { PolicyRequest } from "../robot/index.ts";
import type { Batcher } from "./batcher.ts";
import { describe, type ObservationLayout } from "./layout.ts";
import { unpackLeftover } from "./leftover.ts";
import { cut } from "./limits.ts";
import { seedKey } from "./metadata.ts";
import type { ServerMetrics } from "./metrics.ts";
import { NdArray } from "./ndarray.ts";
import { isDict, type Message, pack, type Value } from "./pack.ts";
import { unpack } from "./unpack.ts";
import { unpackObservation } from "./unpack-observation.ts";

/**
 * Frames kept for a client that does not wait for its answers: until its socket is paused, and until the connection is
 * closed.
 */
const readAhead = 2;
const patience = 1024;
/** Milliseconds between pings, and for a client to answer a closing handshake. */
const heartbeat = 20_000;
const farewell = 2_000;
/** Most steps of a leftover for a policy without a stated chunk length. */
const longestLeftover = 1024;

export interface SessionContext {
  readonly layout: ObservationLayout;
  readonly defaultPrompt: string | undefined;
  /** Bytes of one message. */
  readonly maxMessage: number;
  readonly batcher: Batcher;
  readonly measures: ServerMetrics;
  /** Told of each message outside the protocol. */
  readonly onFault: () => void;
  /** A number unique among the server's episodes. */
  readonly nextEpisode: () => number;
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

export class Session {
  readonly address: string;
  /** When it last sent a message, as `performance.now` counts. */
  lastMessage = performance.now();
  private readonly socket: WebSocket;
  private readonly id: number;
  private readonly context: SessionContext;
  private readonly waiting: Buffer[] = [];
  private readonly pulse: NodeJS.Timeout;
  private working: Promise<void> | undefined;
  private finishing = false;
  private ended = false;
  private episode: number;
  private question = 0;
  private previous: number | undefined;

  /** Sends the packed metadata; `id` numbers the connections. */
  constructor(socket: WebSocket, id: number, address: string, metadata: Uint8Array, context: SessionContext) {
    this.socket = socket;
    this.id = id;
    this.address = address;
    this.context = context;
    this.episode = context.nextEpisode();
    let alive = true;
    this.pulse = setInterval(() => {
      if (!alive && !socket.isPaused) socket.terminate();
      alive = false;
      socket.ping();
    }, heartbeat);
    socket.on("pong", () => {
      alive = true;
    });
    explainOversize(socket, context.maxMessage);
    socket.on("message", (data, isBinary) => this.receive(data, isBinary));
    socket.on("error", (error) => {
      context.measures.requests.add("bad request");
      context.onFault();
      context.log("protocol error", { client: id, error: error.message });
      this.end(1002, ""); // ws has begun to close, with its own code
    });
    socket.on("close", (code) => {
      clearInterval(this.pulse);
      this.ended = true;
      context.log("disconnected", { client: id, code });
    });
    socket.send(metadata);
  }

  get idle(): boolean {
    return !this.working && !this.ended;
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (this.ended || this.finishing) return;
    this.lastMessage = performance.now();
    this.waiting.push(data as Buffer);
    if (!isBinary) this.refuse(new TypeError("Expected a binary frame, got a text frame"), "bad request");
    else if (this.waiting.length > patience) {
      this.context.onFault();
      this.end(1008, "Wait for the answers");
    } else {
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
    const { batcher, measures, layout } = this.context;
    const start = performance.now();
    let request: PolicyRequest;
    let bare = layout.dialect === "roboarena";
    try {
      const message = unpack(frame);
      if (!isDict(message)) throw new TypeError(`Expected an observation as a dict, got ${describe(message)}`);
      if (message.endpoint === "reset") return await this.reset();
      bare ||= message.endpoint === "infer";
      request = await this.request(message);
    } catch (error) {
      return this.refuse(error as Error, "bad request");
    }
    const decoded = performance.now();
    try {
      const { chunk, waited, inferred } = await batcher.infer(request, () => !this.ended);
      const answered = performance.now();
      if (chunk.promptTruncated) measures.truncatedPrompts.add();
      const { actions, horizon } = chunk;
      const array = new NdArray("float32", [horizon, actions.length / horizon], actions);
      const bytes = pack(
        bare ? array : this.message(array, inferred, answered - decoded, chunk.promptTruncated === true),
      );
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

  /** An answer in openpi's keys. It has no other array: openpi's `ActionChunkBroker` takes one step of every array. */
  private message(actions: NdArray, inferred: number, total: number, truncated: boolean): Message {
    return {
      actions,
      policy_timing: { infer_ms: inferred },
      server_timing: { infer_ms: total, ...(this.previous !== undefined && { prev_total_ms: this.previous }) },
      ...(truncated && { pistar: { prompt_truncated: true } satisfies Value }),
    };
  }

  /** RoboArena's: the next question is the first of an episode. */
  private async reset(): Promise<void> {
    this.episode = this.context.nextEpisode();
    this.question = 0;
    await this.send("reset successful");
  }

  /**
   * Waits until the system has taken the data. A client that does not read gets no further answers, and is dropped in
   * the end.
   */
  private async send(data: Uint8Array | string): Promise<void> {
    const timer = setTimeout(() => this.socket.terminate(), heartbeat);
    await new Promise<void>((resolve) => this.socket.send(data, () => resolve()));
    clearTimeout(timer);
  }

  private async request(message: Message): Promise<PolicyRequest> {
    const { layout, batcher, defaultPrompt } = this.context;
    const seed = message[seedKey] ?? [this.episode, this.question++];
    if (!isSeed(seed)) throw new TypeError(`Expected "${seedKey}" as two whole numbers, got ${describe(seed)}`);
    const { continues, info } = batcher.policy;
    const leftover = continues ? unpackLeftover(layout, message, info?.horizon ?? longestLeftover) : undefined;
    const observation = await unpackObservation(layout, message, defaultPrompt);
    return { ...observation, seed, truncatePrompt: true, ...(leftover && { leftover }) };
  }

  /** openpi's way to report an error: a text frame, then the end. */
  private refuse(error: Error, outcome: "bad request" | "policy error"): void {
    this.context.measures.requests.add(outcome);
    if (outcome === "bad request") this.context.onFault();
    const { message, stack = message } = error;
    this.context.log(outcome, { client: this.id, error: cut(outcome === "policy error" ? stack : message) });
    this.socket.send(`${error.name}: ${cut(message)}`);
    this.end(1011, "Internal server error. Traceback included in previous frame.");
  }

  /** Closes the connection, saying why. */
  end(code: number, reason: string): void {
    this.ended = true;
    this.waiting.length = 0;
    this.socket.resume(); // or the other side's closing frame is never read
    hangUp(this.socket, code, reason);
  }

  /** Answers all received requests, then says goodbye. */
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

/**
 * ws closes the connection at the header of a frame too long. A text frame before it gives the client the reason:
 * openpi's client raises any received text.
 */
function explainOversize(socket: WebSocket, maxMessage: number): void {
  const close = socket.close.bind(socket);
  socket.close = (code, reason) => {
    if (code !== 1009) return close(code, reason);
    const limit = `Expected messages of at most ${maxMessage} bytes (pistar serve --max-message): send smaller or compressed pictures`;
    socket.send(limit);
    close(code, `Messages have at most ${maxMessage} bytes`);
  };
}

const isSeed = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);
