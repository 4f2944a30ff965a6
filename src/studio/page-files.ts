// The built page. All its files are read once, so no request reaches the disk.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { PistarError } from "../system/index.ts";
import type { StudioAccess } from "./access.ts";

/** `npm run build` writes it there, seen from src/ and from dist/ alike. */
const folder = fileURLToPath(new URL("../../dist/studio/page", import.meta.url));

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

export type PageFiles = ReadonlyMap<string, { readonly type: string; readonly bytes: Buffer }>;

/** @throws PistarError missing-file if the page was not built */
export function readPage(): PageFiles {
  if (!existsSync(join(folder, "index.html")))
    throw new PistarError("missing-file", `${folder}: expected the studio's page; npm run build:page makes it`, {
      path: folder,
    });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const type = types[extname(path)] ?? "application/octet-stream";
      return [`/${relative(folder, path).split(sep).join("/")}`, { type, bytes: readFileSync(path) }];
    }),
  );
}

const security = {
  "content-security-policy":
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Answers a request for a file of the page. */
export function answerPage(
  files: PageFiles,
  access: StudioAccess,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const refuse = (status: number, text: string) =>
    response.writeHead(status, { ...security, "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
  const refusal = access.refusal(request);
  if (refusal) return void refuse(403, refusal);
  if (request.method !== "GET" && request.method !== "HEAD") return void refuse(405, "Expected GET");
  const path = (request.url ?? "/").split(/[?#]/, 1)[0]!;
  const file = files.get(path === "/" ? "/index.html" : path);
  if (!file) return void refuse(404, "There is no such page");
  const { cookie } = access;
  const headers = { ...security, "content-type": file.type, "content-length": file.bytes.length };
  response.writeHead(200, { ...headers, ...(cookie && { "set-cookie": cookie }) });
  response.end(request.method === "HEAD" ? undefined : file.bytes);
}
