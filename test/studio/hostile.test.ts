// Whoever else reaches the studio's port: wrong hosts and origins, paths outside the page, frames of nonsense. It goes on.
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Studio } from "../../src/studio/index.ts";
import { buildPage, studioFor } from "./browser.ts";

let folder: string;
let studio: Studio;
let port: number;

beforeAll(async () => {
  await buildPage();
  folder = await mkdtemp(join(tmpdir(), "pistar-hostile-"));
  studio = await studioFor(join(folder, "data"), { policy: "still" });
  port = Number(new URL(studio.url).port);
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const asked = request({ port, host: "127.0.0.1", path, method, headers }, (answer) => {
      let body = "";
      answer.on("data", (part) => {
        body += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode!, body }));
    });
    asked.on("error", reject).end();
  });

/** Why a socket ended: the status of a refused handshake, or the close code. */
const dial = (headers: Record<string, string>, frames: readonly (string | Uint8Array)[] = [], at = port) =>
  new Promise<number>((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${at}/live`, { headers });
    socket.on("unexpected-response", (_, { statusCode }) => resolve(statusCode!));
    socket.on("open", () => {
      for (const frame of frames) socket.send(frame);
    });
    socket.on("message", () => {
      socket.close(4001);
      resolve(0);
    });
    socket.on("close", (code) => resolve(code));
    socket.on("error", () => {});
  });

const origin = () => ({ origin: `http://127.0.0.1:${port}` });

test("the page is there, and nothing beside it", async () => {
  expect((await get("/")).body).toContain("pistar studio");
  for (const path of [
    "/../package.json",
    "/%2e%2e/package.json",
    "/assets/../../../package.json",
    "//etc/passwd",
    "/%00",
  ])
    expect((await get(path)).status).toBe(404);
  expect((await get("/", {}, "POST")).status).toBe(405);
});

test("another host's name (DNS rebinding) and another origin are refused, for page and socket", async () => {
  expect((await get("/", { host: "evil.example" })).status).toBe(403);
  expect((await get("/", { origin: "http://evil.example" })).status).toBe(403);
  expect(await dial({ origin: "http://evil.example" })).toBe(403);
  expect(await dial({ host: "evil.example", origin: "http://evil.example" })).toBe(403);
  expect(await dial({})).toBe(403); // no browser
  expect(await dial(origin(), ['{"type":"hello"}'])).toBe(0);
});

test("with --host the key decides", async () => {
  const open = await studioFor(join(folder, "open"), { policy: "still", host: "0.0.0.0" });
  const { port: at, searchParams } = new URL(open.url);
  const key = searchParams.get("key")!;
  const status = async (path: string, headers = {}) =>
    (await fetch(`http://127.0.0.1:${at}${path}`, { headers })).status;
  expect(await status("/")).toBe(403);
  expect(await status("/?key=wrong")).toBe(403);
  expect(await status(`/?key=${key}`)).toBe(200);
  expect(await status("/", { cookie: `studio=${key}` })).toBe(200);
  const from = { origin: `http://127.0.0.1:${at}` };
  expect(await dial(from, [], Number(at))).toBe(403);
  expect(await dial({ ...from, cookie: `studio=${key}` }, ['{"type":"hello"}'], Number(at))).toBe(0);
  await open.close();
});

test("frames of nonsense end their connection alone", async () => {
  const valid = JSON.stringify({
    type: "input",
    input: {
      n: 1,
      seen: 1,
      held: true,
      speed: [1, 0, 0, 0, 0],
      drag: { id: 1, camera: "front", from: [0, 0], to: [1, 1], lift: 0 },
    },
  });
  const mutated = fc
    .tuple(fc.nat(valid.length - 1), fc.string({ minLength: 1, maxLength: 3 }))
    .map(([at, text]) => valid.slice(0, at) + text + valid.slice(at + 1));
  const frame = fc.oneof(
    mutated,
    fc.json(),
    fc.string(),
    fc.uint8Array({ maxLength: 200 }),
    fc.constant("x".repeat(5000)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 20 }), async (frames) => {
      expect([1008, 1009, 1007, 1006]).toContain(await dial(origin(), [...frames, "{"]));
    }),
    { numRuns: 150 },
  );
  expect(await dial(origin(), ['{"type":"hello"}'])).toBe(0);
});
