// The page's connection: it says hello with the token of this tab, hands on what arrives, and connects again when it is lost.
import type { Command, FromPage, FromServer, LiveState, Welcome } from "../protocol.ts";

/** "silent": the socket is open, but nothing arrives. */
export type Link = "connecting" | "open" | "silent" | "lost";

export interface Listener {
  welcome(welcome: Welcome): void;
  state(state: LiveState): void;
  picture(message: ArrayBuffer): void;
  link(link: Link): void;
}

/** Milliseconds without a message until the page says so, and until it connects anew. */
const patience = { silent: 1000, lost: 3000, again: 500 };
/** Close code of the server for a tab whose token another tab has brought. */
const elsewhere = 4000;
const tokenKey = "pistar studio";

export class Connection {
  private readonly listener: Listener;
  private socket: WebSocket | undefined;
  private heardAt = 0;
  private link: Link = "connecting";
  private questions = 0;
  private readonly answers = new Map<number, (refused: string | undefined) => void>();

  constructor(listener: Listener) {
    this.listener = listener;
    this.connect();
    setInterval(() => this.watch(), 250);
  }

  send(message: FromPage): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Resolves to why the server refused, or undefined. @param seen number of the last state */
  ask(what: Command, seen: number): Promise<string | undefined> {
    const n = ++this.questions;
    this.send({ type: "ask", n, seen, what });
    return new Promise((resolve) => this.answers.set(n, resolve));
  }

  private connect(): void {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.heardAt = performance.now();
      const token = sessionStorage.getItem(tokenKey);
      this.send({ type: "hello", ...(token && { token }) });
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.socket) return;
      this.heardAt = performance.now();
      this.become("open");
      if (typeof data === "string") this.receive(JSON.parse(data) as FromServer);
      else this.listener.picture(data);
    };
    socket.onclose = ({ code }) => {
      if (socket !== this.socket) return;
      if (code === elsewhere) sessionStorage.removeItem(tokenKey);
      this.lose();
    };
  }

  private receive(message: FromServer): void {
    if (message.type === "state") this.listener.state(message.state);
    else if (message.type === "welcome") {
      sessionStorage.setItem(tokenKey, message.welcome.token);
      this.listener.welcome(message.welcome);
    } else {
      this.answers.get(message.n)?.(message.refused);
      this.answers.delete(message.n);
    }
  }

  private watch(): void {
    if (this.link === "lost" || document.hidden) return;
    const silence = performance.now() - this.heardAt;
    if (this.link !== "connecting" && silence > patience.lost) this.lose();
    else if (this.link === "open" && silence > patience.silent) this.become("silent");
  }

  private lose(): void {
    this.socket?.close();
    this.socket = undefined;
    for (const answer of this.answers.values()) answer("The connection was lost.");
    this.answers.clear();
    this.become("lost");
    setTimeout(() => this.connect(), patience.again);
  }

  private become(link: Link): void {
    if (link === this.link) return;
    this.link = link;
    this.listener.link(link);
  }
}
