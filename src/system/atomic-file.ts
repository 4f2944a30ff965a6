// Writes large files atomically: under another name, flushed to the disk, then renamed. A reader never sees a part of a file.
import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { fromSystem } from "./error.ts";

/** Writes bytes at a position; a gap before it reads as zeros. */
type Write = (bytes: Uint8Array, position: number) => Promise<void>;

/** The system writes less than 2 GiB at once. */
const chunkBytes = 2 ** 28;

/**
 * Writes the file `path` with `fill`. If that fails, nothing is left behind and an earlier file stays.
 * @throws PistarError full-disk or no-access; errors of `fill` pass through
 */
export async function writeAtomically(path: string, fill: (write: Write) => Promise<void>): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(unfinished, "wx");
    try {
      await fill(async (bytes, position) => {
        for (let done = 0; done < bytes.length; ) {
          const count = Math.min(chunkBytes, bytes.length - done);
          done += (await handle.write(bytes, done, count, position + done)).bytesWritten;
        }
      });
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw fromSystem(error, path);
  }
}

/** The memory of an array as bytes. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
