// The studio's server: the page's files over HTTP, one WebSocket for each page, and the sitting behind them. One page has the controls; others
// watch.
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import sharp from "sharp";
import { type WebSocket, WebSocketServer } from "ws";
import type * as z from "zod";
import type { Image } from "../data/index.ts";
import { stations } from "../sim/index.ts";
import { StudioAccess } from "./access.ts";
import { defaultPatience, type Patience } from "./live-operator.ts";
import { largestMessage, parseMessage } from "./messages.ts";
import type { studioOptions } from "./options.ts";
import { answerPage, readPage } from "./page-files.ts";
import { PictureFlow } from "./picture-flow.ts";
import { type Command, type FromPage, type FromServer, packPicture, type Welcome } from "./protocol.ts";
import { Session } from "./session.ts";
import { openSimulatedArm, type SimulatedArm } from "./simulated-arm.ts";

export interface StudioOptions extends z.infer<typeof studioOptions> {
  readonly patience?: Patience;
}

export interface Studio {
  /** Where a browser opens it, with the key if there is one. */
  readonly url: string;
  readonly arm: SimulatedArm;
  /** Discards the episode in progress and closes everything; the arm holds. */
  close(): Promise<void>;
}

/** A page that is connected. */
interface Viewer {
  readonly socket: WebSocket;
  readonly pictures: PictureFlow;
  token: string | undefined;
  /** When the last states left, by number modulo the length. */
  readonly sentAt: Float64Array;
}

/** Milliseconds between pictures while no episode runs. */
const idle = 100;
const jpegQuality = 80;
/** Close code for a page whose token another connection has brought. */
const elsewhere = 4000;
const mostViewers = 8;
/** Commands that may set the arm in motion. */
const moving: readonly Command[] = ["start", "again", "continue", "take over", "hand back"];
const now = () => performance.now();

/** @throws Error if task, policy, dataset or page cannot be opened, or the port is taken */
export async function openStudio(options: StudioOptions): Promise<Studio> {
  const page = readPage();
  const access = new StudioAccess(options.host);
  const patience = options.patience ?? defaultPatience;
  const setting = stations.setting(options);
  const arm = await openSimulatedArm(setting);
  const viewers = new Set<Viewer>();
  /** Token of the page that has the controls. */
  let operator: string | undefined;
  let [states, period] = [0, 0];

  const operating = () => [...viewers].find(({ token }) => token !== undefined && token === operator);
  const session = await Session.open({
    ...{ arm, setting, patience, now },
    driving: { ...options, supervisor: "person" },
    ...{ value: options.value, out: options.out, seed: options.seed, timeLimit: options.timeLimit },
    pictureAge: () => operating()?.pictures.age(now()),
    onChange() {
      period++;
      show();
    },
  }).catch(async (error: unknown) => {
    await arm.close();
    throw error;
  });

  function show(): void {
    const state = session.state();
    const n = ++states;
    const controlled = operating();
    for (const viewer of viewers) {
      if (viewer.token === undefined) continue;
      const age = (controlled ?? viewer).pictures.age(now());
      viewer.sentAt[n % viewer.sentAt.length] = now();
      send(viewer, {
        type: "state",
        state: {
          ...state,
          n,
          ...(age !== undefined && { pictureAge: Math.round(age) }),
          operator: viewer === controlled ? "you" : controlled ? "another" : "nobody",
        },
      });
    }
    for (const [camera] of arm.views.entries())
      if (camera === 0 || period % 2 === 0) void sendPicture(camera).catch(() => {});
  }

  /** The picture is taken now, and encoded and sent while the arm moves on. */
  async function sendPicture(camera: number): Promise<void> {
    const ready = [...viewers].filter(({ token, pictures }) => token !== undefined && pictures.isReady(camera));
    if (ready.length === 0) return;
    const takenAt = now();
    const frames = ready.map(({ pictures }) => pictures.send(camera, takenAt));
    const jpeg = await encodeJpeg(arm.look(camera));
    for (const [i, { socket }] of ready.entries())
      if (socket.readyState === socket.OPEN) socket.send(packPicture(camera, frames[i]!, jpeg));
  }

  function welcome(viewer: Viewer, token: string | undefined): void {
    // A page that comes back brings its token. Its old connection may look alive still.
    if (token !== undefined)
      for (const other of viewers)
        if (other !== viewer && other.token === token) {
          viewers.delete(other);
          other.socket.close(elsewhere, "opened elsewhere");
        }
    viewer.token = token ?? randomBytes(12).toString("base64url");
    operator ??= viewer.token;
    if (operator === viewer.token) session.renew();
    const described: Welcome = {
      token: viewer.token,
      task: setting.task,
      policy: options.policy,
      dataset: options.out,
      timeLimit: options.timeLimit,
      oldest: patience.picture,
      cameras: arm.views,
      hasValue: session.hasValue,
      values: session.recentValues,
    };
    send(viewer, { type: "welcome", welcome: described });
    show();
  }

  /** Milliseconds since a state left for this page; Infinity if it is long ago. */
  function ageOf(viewer: Viewer, seen: number): number {
    const known = seen <= states && seen > states - viewer.sentAt.length;
    return known ? now() - viewer.sentAt[seen % viewer.sentAt.length]! : Number.POSITIVE_INFINITY;
  }

  function ask(viewer: Viewer, { n, seen, what }: Extract<FromPage, { type: "ask" }>): void {
    let refused: string | undefined;
    // After a stall, what was asked before it must not set the arm in motion.
    const late = ageOf(viewer, seen) > patience.pause && moving.includes(what);
    if (what === "take the controls") {
      session.away("another page took the controls");
      operator = viewer.token;
      session.renew();
    } else if (viewer !== operating()) refused = "Another page has the controls. Take them first.";
    else if (late) refused = "That came too late, the network is slow. Look again, and ask again.";
    else refused = session.ask(what);
    send(viewer, { type: "answer", n, ...(refused !== undefined && { refused }) });
    show();
  }

  function receive(viewer: Viewer, message: FromPage): void {
    if (message.type === "hello") welcome(viewer, message.token);
    else if (viewer.token === undefined) viewer.socket.close(1008, "expected hello first");
    else if (message.type === "ask") ask(viewer, message);
    else if (message.type === "drawn") viewer.pictures.drawn(message.camera, message.frame);
    else if (viewer !== operating()) return;
    else if (message.type === "away") session.away("the page lost the focus");
    else session.hear(message.input, ageOf(viewer, message.input.seen));
  }

  const http = createServer((request, response) => answerPage(page, access, request, response));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: largestMessage, perMessageDeflate: false });
  http.on("upgrade", (request: IncomingMessage, socket, head) => {
    socket.on("error", () => {});
    const refusal = viewers.size >= mostViewers ? "Too many pages are open" : access.refusal(request);
    const path = (request.url ?? "").split("?", 1)[0];
    if (refusal || path !== "/live" || request.headers.origin === undefined)
      return socket.end(
        `HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n${refusal ?? "Expected the studio's page"}\n`,
      );
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      const viewer: Viewer = {
        socket: accepted,
        pictures: new PictureFlow(arm.views.length),
        token: undefined,
        sentAt: new Float64Array(256),
      };
      viewers.add(viewer);
      accepted.on("message", (data, isBinary) => {
        const message = isBinary ? undefined : parseMessage(String(data));
        if (message) receive(viewer, message);
        else accepted.close(1008, "expected a message of the studio's page");
      });
      accepted.on("error", () => {});
      accepted.on("close", () => {
        if (viewer === operating()) session.away("the page was closed");
        viewers.delete(viewer);
      });
    });
  });

  const timer = setInterval(() => {
    const { phase } = session.state();
    if (phase !== "running") {
      period++;
      show();
    }
  }, idle);
  try {
    await new Promise<void>((resolve, reject) => {
      http.once("error", reject);
      http.listen(options.port, options.host, resolve);
    });
  } catch (error) {
    clearInterval(timer);
    await session.close();
    await arm.close();
    throw error;
  }
  const { port } = http.address() as AddressInfo;
  const name = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${name}:${port}/${access.key ? `?key=${access.key}` : ""}`,
    arm,
    async close() {
      clearInterval(timer);
      await session.close();
      for (const { socket } of viewers) socket.close(1001, "the studio was closed");
      sockets.close();
      await new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      });
      await arm.close();
    },
  };
}

const send = ({ socket }: Viewer, message: FromServer): void => {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
};

const encodeJpeg = ({ width, height, data }: Image): Promise<Buffer> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: jpegQuality })
    .toBuffer();
