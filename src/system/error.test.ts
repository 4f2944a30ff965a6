import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import { fromSystem, located, PistarError, packError, unpackError } from "./error.ts";
import { replaceFile } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-error-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("what the system says of a file has a code and names the file", () => {
  const missing = join(folder, "missing");
  const caught = (action: () => unknown) => {
    try {
      action();
    } catch (error) {
      return fromSystem(error);
    }
    throw new Error("nothing was thrown");
  };
  expect(caught(() => readFileSync(missing))).toMatchObject({ code: "missing-file", path: missing });
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  expect(fromSystem(full, "/data/a")).toMatchObject({
    code: "full-disk",
    path: "/data/a",
    message: "/data/a: ENOSPC: no space left on device, write",
  });
  const other = new TypeError("a mistake");
  expect(fromSystem(other)).toBe(other);
});

test("a file that cannot be replaced gives a PistarError and stays", () => {
  const file = join(folder, "file");
  writeFileSync(file, "old");
  expect(() => replaceFile(join(file, "below"), "new")).toThrow(
    expect.objectContaining({ name: "PistarError", code: "missing-file" }),
  );
  expect(readFileSync(file, "utf8")).toBe("old");
});

test("a place before the message keeps code and path", () => {
  const error = located("episode 3", new PistarError("damaged-file", "no such frame", { path: "/a.mp4" }));
  expect(error).toBeInstanceOf(PistarError);
  expect(error).toMatchObject({ code: "damaged-file", path: "/a.mp4", message: "episode 3: no such frame" });
  expect(located("episode 3", new Error("odd"))).not.toBeInstanceOf(PistarError);
});

test("code, path and cause survive a thread's postMessage", () => {
  const sent = (error: unknown) => {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(packError(error));
    const { message } = receiveMessageOnPort(port2) as { message: ReturnType<typeof packError> };
    port1.close();
    return unpackError(message);
  };
  const cause = new RangeError("too large");
  const error = new PistarError("full-disk", "no room", { path: "/data", cause });
  const arrived = sent(error) as PistarError;
  expect(arrived).toBeInstanceOf(PistarError);
  expect(arrived).toMatchObject({
    code: "full-disk",
    path: "/data",
    message: "no room",
    cause: { message: "too large" },
  });
  expect(arrived.stack).toBe(error.stack);
  expect(sent(Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }))).toMatchObject({ code: "full-disk" });
  expect(sent(new RangeError("other"))).not.toBeInstanceOf(PistarError);
});
