// Files that appear under their name only when they are complete. They are written under another name, flushed to the disk, and renamed.
import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { fromSystem } from "./error.ts";

/** Writes bytes at a position; a gap before it reads as zeros. */
type Write = (bytes: Uint8Array, position: number) => Promise<void>;

/** One write of the system moves less than 2 GiB. */
const chunkBytes = 2 ** 28;

/**
 * Makes the file `path` from what `fill` writes. When that fails nothing is left behind, and an earlier file stays.
 * @throws PistarError full-disk or no-access, and whatever `fill` throws
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
