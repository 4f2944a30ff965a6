// What a Ctrl-C does to a process that watches for it, each in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";

const module = new URL("interrupt.ts", import.meta.url).pathname;

/** Sends SIGINT at once and, from when it was heard, again after each pause, to a process that has 4 s to finish. */
async function interrupted(pauses: readonly number[], ended = false) {
  const script = `import { onInterrupt } from ${JSON.stringify(module)};
    const end = onInterrupt((signal) => { ${ended ? "end();" : ""} console.log(signal); setTimeout(() => process.exit(7), 4000); });
    setTimeout(() => {}, 60_000);
    console.log("ready");`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (text) => {
    said += text;
  });
  const closed = once(child, "close");
  await once(child.stdout, "data");
  child.kill("SIGINT");
  while (!said.includes("SIGINT") && child.exitCode === null) await sleep(5);
  for (const pause of pauses) {
    await sleep(pause);
    child.kill("SIGINT");
  }
  const [code, signal] = await closed;
  return { said, code, signal };
}

test.concurrent("one press that comes twice lets the process finish", async () => {
  expect(await interrupted([0, 50])).toEqual({ said: "ready\nSIGINT\n", code: 7, signal: null });
});

test.concurrent("a later press ends it at once", async () => {
  expect(await interrupted([0, 1300])).toEqual({ said: "ready\nSIGINT\n", code: null, signal: "SIGINT" });
});

test.concurrent("after the watch the next press ends it", async () => {
  expect(await interrupted([0], true)).toEqual({ said: "ready\nSIGINT\n", code: null, signal: "SIGINT" });
});
