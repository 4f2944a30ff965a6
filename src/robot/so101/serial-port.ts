// Serial ports of this computer, through the optional package serialport. It is loaded when the first port is asked for.
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdLock, PistarError } from "../../system/index.ts";
import type { ByteStream } from "./bus.ts";

/** Bits a second of the motors' line. */
const baudRate = 1_000_000;

async function serialport(): Promise<typeof import("serialport")> {
  try {
    return await import("serialport");
  } catch (error) {
    throw new PistarError(
      "unavailable",
      `a real arm needs the optional package serialport: run \`npm install serialport\` (${(error as Error).message})`,
    );
  }
}

export interface PortInfo {
  /** Path for the robot file: under /dev/serial/by-id if possible, because numbers change when cables are plugged anew. */
  readonly path: string;
  readonly manufacturer?: string | undefined;
  /** Whether its USB chip is one of the arm's boards. */
  readonly likely: boolean;
}

/** USB vendor of the chips on the arm's boards (WCH), and their products. */
const boards = { vendor: "1a86", products: ["55d3", "7523"] };

/** The serial ports of this computer, likely ones first. @throws PistarError unavailable without the package serialport */
export async function serialPorts(): Promise<PortInfo[]> {
  const { SerialPort } = await serialport();
  const found = await SerialPort.list();
  const ports = found
    .filter(({ path }) => !/^\/dev\/ttyS\d+$/.test(path))
    .map(({ path, pnpId, manufacturer, vendorId = "", productId = "" }): PortInfo => {
      const byId = process.platform === "linux" && pnpId ? `/dev/serial/by-id/${pnpId}` : undefined;
      const likely =
        vendorId.toLowerCase() === boards.vendor && boards.products.includes(productId.toLowerCase().padStart(4, "0"));
      return { path: byId && exists(byId) ? byId : path, manufacturer, likely };
    });
  return ports.toSorted((a, b) => Number(b.likely) - Number(a.likely));
}

const exists = (path: string) => {
  try {
    realpathSync(path);
    return true;
  } catch {
    return false;
  }
};

/**
 * Opens a serial port at 1 Mbaud, for this process alone.
 * @throws PistarError missing-file, no-access, busy-lock, or unavailable
 */
export async function openSerialPort(path: string): Promise<ByteStream> {
  const { SerialPort } = await serialport();
  // The system's lock does not hold back root, and does not say who has the port.
  const place = exists(path) ? realpathSync(path) : path;
  const release = holdLock(join(tmpdir(), `pistar-port-${place.replace(/[^\w.-]/g, "_")}.lock`), path);
  const port = new SerialPort({ path, baudRate, autoOpen: false, lock: true });
  try {
    await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  } catch (error) {
    release();
    throw openError(path, error as Error);
  }
  let closing = false;
  return {
    name: path,
    write: (bytes) => void port.write(bytes),
    listen(onData, onEnd) {
      port.on("data", onData);
      port.on("close", () => {
        release();
        if (!closing) onEnd("the port was unplugged");
      });
      port.on("error", (error) => onEnd(`the port failed (${error.message})`));
    },
    close() {
      closing = true;
      return new Promise((resolve) => {
        const done = () => {
          release();
          resolve();
        };
        if (!port.isOpen) done();
        else port.drain(() => port.close(done));
      });
    },
  };
}

function openError(path: string, error: Error): PistarError {
  const { message } = error;
  if (/no such file|not found|ENOENT/i.test(message))
    return new PistarError(
      "missing-file",
      `${path}: there is no such port; \`pistar robot ports\` lists those there are`,
      {
        path,
        cause: error,
      },
    );
  if (/lock|busy/i.test(message))
    return new PistarError("busy-lock", `${path}: another program uses the port; end it (${message})`, {
      path,
      cause: error,
    });
  if (/permission|access|EACCES/i.test(message))
    return new PistarError(
      "no-access",
      `${path}: the system does not let you use the port; on Linux join its group: \`sudo usermod -aG dialout $USER\`, then log in anew`,
      { path, cause: error },
    );
  return new PistarError("unavailable", `${path}: the port cannot be opened (${message})`, { path, cause: error });
}
