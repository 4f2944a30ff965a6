#!/usr/bin/env node
// The command line: runs a command, and prints how it failed.
import { failureOf } from "./failure.ts";
import { createProgram } from "./program.ts";

// Whoever reads the output may have seen enough, such as head.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
try {
  const [first, second] = process.argv.slice(2);
  const program = await createProgram(first === "help" ? second : first);
  await program.parseAsync();
} catch (error) {
  const { message, exitCode } = failureOf(error);
  console.error(`pistar: ${message}`);
  process.exitCode ||= exitCode; // a stop by Ctrl-C has set its own
}
