import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PistarError } from "../system/index.ts";
import { asOnlyWriter } from "./only-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "pistar-only-writer-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a second process is refused and told which one works there; afterwards it may", async () => {
  await asOnlyWriter({ folder }, async () => {
    const second = asOnlyWriter({ folder }, async () => "worked");
    await expect(second).rejects.toThrow(PistarError);
    await expect(second).rejects.toMatchObject({ code: "busy-lock", path: folder });
    await expect(second).rejects.toThrow(`process ${process.pid}`);
  });
  expect(await asOnlyWriter({ folder }, async () => "worked")).toBe("worked");
  await expect(asOnlyWriter({ folder }, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(await asOnlyWriter({ folder }, async () => "worked")).toBe("worked");
});
