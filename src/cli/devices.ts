// pistar devices: the devices of this machine.
import type { Command } from "commander";
import { devices, whyUnavailable } from "../tensor/index.ts";
import { explain } from "./help.ts";
import { widthOf, wrap } from "./terminal.ts";

export function addDevices(command: Command): void {
  command
    .description("List the devices that pistar can compute on, and what to install for the others.")
    .option("--json", "print JSON instead of text");
  explain(command, { examples: ["pistar devices"] }).action(async ({ json }: { json?: boolean }) => {
    const found: { device: string; available: boolean; reason?: string }[] = [];
    for (const device of devices) {
      const reason = await whyUnavailable(device);
      found.push({ device, available: reason === undefined, ...(reason !== undefined && { reason }) });
    }
    if (json) return console.log(JSON.stringify(found));
    const indent = " ".repeat(8);
    for (const { device, available, reason = "" } of found) {
      const lines = reason.split("\n").map((line) => wrap(line, widthOf(process.stdout), indent));
      console.log(`${device.padEnd(8)}${available ? "available" : lines.join(`\n${indent}`)}`);
    }
  });
}
