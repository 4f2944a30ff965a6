// openpi's policy protocol from the client's side: one WebSocket, the server's metadata first, then one answer for each question.
// (https://github.com/Physical-Intelligence/openpi, packages/openpi-client)
import { type RawData, WebSocket } from "ws";
import { PistarError } from "../system/index.ts";
import { describe } from "./layout.ts";
import { NdArray } from "./ndarray.ts";
import { NoAnswerError } from "./no-answer.ts";
import { isDict, type Message, pack, type Value } from "./pack.ts";
import { unpack } from "./unpack.ts";

export interface ClientOptions {
  /** Sent as `Authorization: Api-Key …`. */
  readonly apiKey?: string;
  /** Milliseconds to connect and receive the metadata; default 10,000. */
  readonly connectDeadline?: number;
  /**
   * Milliseconds to wait for an answer, reconnecting included; default 2,000. The first answer of a compiling server
   * takes longer.
   */
  readonly deadline?: number;
  /** PEM certificates to trust for wss:// besides none other; default: those of the system. */
  readonly ca?: string | Uint8Array;
}

const maxPayload = 64 * 2 ** 20;
/** Most characters of a server's reason for refusing a connection. */
const longestReason = 500;

/** One connection after another to a policy server. */
export interface PolicyClient {
  /** The server's metadata at the last connection. */
  readonly metadata: Message;
  /** The server's answer to an observation in its own keys. One at a time. @throws NoAnswerError */
  infer(observation: Message): Promise<Message>;
  /** The same for answers other than dicts. RoboArena's servers send bare arrays, and a text after a reset. */
  call(message: Message): Promise<Value>;
  close(): Promise<void>;
}

/**
 * Connects to an openpi policy server: ws://host:8000, or wss://. It fails with `NoAnswerError` if there is none, or
 * the server refuses the API key. The next `infer` reopens a lost connection.
 */
export async function connectClient(url: string, options: ClientOptions = {}): Promise<PolicyClient> {
  if (!/^wss?:\/\//.test(url))
    throw new PistarError("bad-option", `Expected a URL such as ws://localhost:8000, got ${JSON.stringify(url)}`);
  const client = new ReconnectingClient(url, options);
  await client.connect(options.connectDeadline ?? 10_000);
  return client;
}

class ReconnectingClient implements PolicyClient {
  metadata: Message = {};
  private readonly url: string;
  private readonly options: ClientOptions;
  private connection: Connection | undefined;
  private busy = false;
  private closed = false;

  constructor(url: string, options: ClientOptions) {
    this.url = url;
    this.options = options;
  }

  async connect(deadline: number): Promise<Connection> {
    const connection = new Connection(this.url, this.options);
    try {
      this.metadata = dictOf(await connection.answer(deadline, "its metadata"), this.url);
    } catch (error) {
      connection.drop();
      throw error;
    }
    this.connection = connection;
    return connection;
  }

  async infer(observation: Message): Promise<Message> {
    const answer = await this.call(observation);
    try {
      return dictOf(answer, this.url);
    } catch (error) {
      this.connection?.drop();
      throw error;
    }
  }

  async call(message: Message): Promise<Value> {
    if (this.closed) throw new Error("Expected an open client, got one that was closed");
    if (this.busy) throw new Error("Expected one question at a time: wait for the answer, or open another client");
    this.busy = true;
    try {
      return await this.ask(message, performance.now() + (this.options.deadline ?? 2_000));
    } finally {
      this.busy = false;
    }
  }

  private async ask(message: Message, end: number): Promise<Value> {
    if (this.connection?.open === false) this.connection.drop();
    const left = () => Math.max(1, end - performance.now());
    const connection =
      this.connection?.open === true
        ? this.connection
        : await this.connect(Math.min(left(), this.options.connectDeadline ?? left()));
    // A late answer belongs to an old observation: it is awaited and dropped. A missing one means a dead connection.
    while (connection.owed > 0)
      try {
        await connection.answer(left(), "the answer to an earlier question");
      } catch (error) {
        connection.drop();
        throw error;
      }
    connection.send(pack(message), message.endpoint === "reset");
    return connection.answer(left(), "an answer");
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.connection?.close();
  }
}

/** A message that must be a dict. */
function dictOf(message: Value, url: string): Message {
  if (isDict(message)) return message;
  throw new NoAnswerError(
    "server error",
    `${url} sent what is not openpi's protocol: Expected a dict, got ${describe(message)}`,
  );
}

/** One WebSocket: answers in the order of the questions. */
class Connection {
  /** Requested answers not yet taken; at first the metadata. */
  owed = 1;
  private readonly socket: WebSocket;
  private readonly url: string;
  private readonly arrived: Value[] = [];
  /** Whether the next answer may be a text of one line. */
  private takesText = false;
  private failure: NoAnswerError | undefined;
  private wake: () => void = () => {};

  constructor(url: string, { apiKey, ca }: ClientOptions) {
    this.url = url;
    this.socket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload,
      ...(apiKey !== undefined && { headers: { authorization: `Api-Key ${apiKey}` } }),
      ...(ca !== undefined && { ca: typeof ca === "string" ? ca : Buffer.from(ca) }),
    });
    this.socket.on("message", (data, isBinary) => this.receive(data, isBinary));
    this.socket.on("error", (error) => this.fail("disconnected", `${url}: ${error.message || String(error)}`));
    this.socket.on("unexpected-response", (request, response) => {
      const status = response.statusCode;
      const hint = status === 401 ? ": check the API key" : "";
      let reason = "";
      response.setEncoding("utf8");
      response.on("data", (text) => {
        reason = `${reason}${text}`.slice(0, longestReason);
      });
      response.on("close", () => {
        const said = reason && `\n${reason.trim()}`;
        this.fail("disconnected", `${url} refused the connection with HTTP ${status}${hint}${said}`);
        request.destroy();
      });
    });
    this.socket.on("close", (code, reason) =>
      this.fail("disconnected", `${url} closed the connection (${code}${reason.length > 0 ? `: ${reason}` : ""})`),
    );
  }

  get open(): boolean {
    return this.failure === undefined && this.socket.readyState === WebSocket.OPEN;
  }

  private receive(data: RawData, isBinary: boolean): void {
    const text = isBinary ? undefined : String(data);
    if (text !== undefined && (!this.takesText || text.includes("\n"))) {
      this.fail("server error", `${this.url} reports:\n${text}`);
      return;
    }
    try {
      const message = text ?? unpack(data as Buffer);
      if (text === undefined && !isDict(message) && !(message instanceof NdArray))
        throw new TypeError(`Expected a dict or an array, got ${describe(message)}`);
      if (this.arrived.length === this.owed) throw new Error("more answers than questions");
      this.arrived.push(message);
      this.wake();
    } catch (error) {
      this.fail("server error", `${this.url} sent what is not openpi's protocol: ${(error as Error).message}`);
      this.drop();
    }
  }

  /** The first failure is the reason. Later ones are its consequences. */
  private fail(reason: NoAnswerError["reason"], message: string): void {
    this.failure ??= new NoAnswerError(reason, message);
    this.wake();
  }

  send(question: Uint8Array, takesText: boolean): void {
    this.owed++;
    this.takesText = takesText;
    this.socket.send(question);
  }

  /** The next message, within so many milliseconds. */
  async answer(deadline: number, what: string): Promise<Value> {
    if (this.arrived.length === 0 && !this.failure)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    const message = this.arrived.shift();
    if (message !== undefined) {
      this.owed--;
      return message;
    }
    throw (
      this.failure ?? new NoAnswerError("late", `${this.url} did not send ${what} within ${Math.round(deadline)} ms`)
    );
  }

  /** Closes politely, or after a second without. */
  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.socket.once("close", resolve));
    const timer = setTimeout(() => this.drop(), 1_000);
    this.socket.close(1000);
    await closed;
    clearTimeout(timer);
  }

  drop(): void {
    this.failure ??= new NoAnswerError("disconnected", `The connection to ${this.url} was given up`);
    this.socket.terminate();
  }
}
