// A page in headless Chromium, driven through its DevTools protocol, from a local server of files.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

const chromium = "/usr/bin/chromium";
export const hasChromium = existsSync(chromium);

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".png": "image/png",
};

/** Serves each of the folders under its prefix ("/exported/"). */
export async function serveFiles(folders: Readonly<Record<string, string>>) {
  const server = createServer(({ url }, response) => {
    const path = normalize(decodeURIComponent(new URL(url!, "http://here").pathname));
    const prefix = Object.keys(folders).find((start) => path.startsWith(start));
    const file = prefix && join(folders[prefix]!, path.slice(prefix.length), path.endsWith("/") ? "index.html" : "");
    if (!file || !existsSync(file)) response.writeHead(404).end();
    else
      response
        .writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" })
        .end(readFileSync(file));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Opens a page. @param profile an empty folder of Chromium's own */
export async function openPage(url: string, profile: string) {
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
  ];
  const child = spawn(chromium, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  const close = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  try {
    const browser = await listening(child.stderr);
    const targets = (await (await fetch(`http://${new URL(browser).host}/json`)).json()) as {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(targets.find(({ type }) => type === "page")!.webSocketDebuggerUrl);
    await once(socket, "open");
    let last = 0;
    const ask = async (method: string, params: object): Promise<Record<string, unknown>> => {
      const id = ++last;
      socket.send(JSON.stringify({ id, method, params }));
      for (;;) {
        const [message] = (await once(socket, "message")) as [Buffer];
        const answer = JSON.parse(message.toString()) as {
          id?: number;
          result: Record<string, unknown>;
          error?: object;
        };
        if (answer.error) throw new Error(JSON.stringify(answer.error));
        if (answer.id === id) return answer.result;
      }
    };
    await ask("Page.navigate", { url });
    return {
      /** The value of an expression in the page, or what its promise becomes. */
      async evaluate(expression: string): Promise<unknown> {
        const { result, exceptionDetails } = (await ask("Runtime.evaluate", {
          expression,
          awaitPromise: true,
          returnByValue: true,
        })) as { result: { value?: unknown }; exceptionDetails?: object };
        if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
        return result.value;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The DevTools' address, which Chromium prints when it listens. */
function listening(stderr: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    createInterface(stderr)
      .on("line", (line) => {
        lines.push(line);
        const found = /^DevTools listening on (ws:\S+)/.exec(line);
        if (found) resolve(found[1]!);
      })
      .on("close", () => reject(new Error(`Chromium ended:\n${lines.join("\n")}`)));
  });
}
