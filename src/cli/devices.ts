import type { Command } from "commander";
import { devices, whyUnavailable } from "../tensor/index.ts";

/** Adds `pistar devices`: where programs can run on this machine. */
export function addDevices(program: Command): void {
  program
    .command("devices")
    .description("list where pistar can compute on this machine, and what to install for the rest")
    .option("--json", "print JSON instead of text")
    .action(async ({ json }: { json?: boolean }) => {
      const found: { device: string; available: boolean; reason?: string }[] = [];
      for (const device of devices) {
        const reason = await whyUnavailable(device);
        found.push({ device, available: reason === undefined, ...(reason !== undefined && { reason }) });
      }
      if (json) return console.log(JSON.stringify(found));
      for (const { device, available, reason = "" } of found)
        console.log(`${device.padEnd(8)}${available ? "available" : reason.replaceAll("\n", `\n${" ".repeat(8)}`)}`);
    });
}
