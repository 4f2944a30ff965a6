// A policy server's plain HTTP pages: /healthz, /readyz and /metrics.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access } from "./access.ts";
import type { ServerMetrics } from "./metrics.ts";
import type { Readiness } from "./readiness.ts";

/** Answers one request. /healthz needs no key; it shows a living process. */
export async function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  { access, measures, readiness }: { access: Access; measures: ServerMetrics; readiness: Readiness },
): Promise<void> {
  const text = (status: number, body: string, type = "text/plain; charset=utf-8") =>
    response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
  const { method, url } = request;
  if (method !== "GET" && method !== "HEAD") return void text(405, "Method Not Allowed\n");
  if (url === "/healthz") return void text(200, "OK\n");
  if (url !== "/metrics" && url !== "/readyz")
    return void text(426, "This is a policy server: connect by WebSocket.\n");
  const refused = await access.refusal(request);
  if (refused) return void text(refused.status, `${refused.message}\n`);
  if (url === "/metrics") return void text(200, measures.metrics.text(), "text/plain; version=0.0.4");
  const trouble = await readiness.trouble();
  if (trouble === undefined) text(200, "OK\n");
  else text(503, `${trouble}\n`);
}
