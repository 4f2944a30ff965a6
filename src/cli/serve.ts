// pistar serve: a trained policy behind openpi's protocol.
import type { Command } from "commander";
import { openPolicy } from "../policy/index.ts";
import {
  logLine,
  type PolicyServer,
  readLayout,
  type ServablePolicy,
  serveOptions,
  servePolicy,
} from "../serve/index.ts";
import { PistarError } from "../system/index.ts";
import { addFlags, fromFlags } from "./flags.ts";
import { onInterrupt } from "./interrupt.ts";

export function addServeCommand(program: Command): void {
  addFlags(
    program
      .command("serve <checkpoint>")
      .description("serve a trained policy to robots: openpi's clients, and pistar's by ws://host:port"),
    serveOptions,
  )
    .addHelpText("after", help)
    .action((checkpoint: string, flags: Record<string, unknown>) => serve(checkpoint, flags));
}

const help = `
The checkpoint is a run (then its last), one of its checkpoints, a pretrained_model folder, or a folder that pistar export wrote.

  pistar serve runs/policy                                               ask it from this machine:
  pistar eval --policy ws://localhost:8000 --task cube-in-bowl           in simulation, as if it were --policy runs/policy
  PISTAR_API_KEY=secret pistar serve runs/policy --host 0.0.0.0          to robots elsewhere, who need the key

A client of openpi's, unchanged (pip install openpi-client); the keys are those that this command prints:

  from openpi_client.websocket_client_policy import WebsocketClientPolicy
  policy = WebsocketClientPolicy("localhost", 8000)  # api_key="secret"
  chunk = policy.infer({
      "observation/images/front": front,  # uint8 [height, width, 3], of any size
      "observation/images/wrist": wrist,
      "observation/state": state,         # in the units of the dataset that the policy was trained on
      "prompt": "put the cube in the bowl",
  })["actions"]                           # [horizon, actions], the same units

Keys are the checkpoint's own (observation_layout in its config.json), else as above by the names of its cameras. --layout takes those of
openpi's robots, or a JSON file for any other, such as

  {"images": {"front": "observation/image", "wrist": ["images", "wrist"]}, "imageOrder": "HWC",
   "state": [{"key": "observation/joints", "size": 5}, {"key": "observation/gripper", "size": 1}], "prompt": "prompt", "actions": 6}

where ["images", "wrist"] is a dict in the observation, and several parts are one state after another.

GET /healthz says OK, GET /metrics has counters and times for Prometheus. Events are lines of JSON on the standard error. kill -HUP loads the
checkpoint again, and a run's newer one, while clients stay connected; one that cannot be loaded leaves the old. Ctrl-C and kill answer what
has arrived, then end.`;

const loopback = ["127.0.0.1", "localhost", "::1"];

async function serve(name: string, flags: Record<string, unknown>): Promise<void> {
  const {
    layout,
    defaultPrompt,
    maxClientsPerAddress,
    tlsCert,
    tlsKey,
    denoisingSteps,
    guidance,
    advantageIndicator,
    promptTokens,
    threads,
    ...options
  } = fromFlags(serveOptions, flags);
  const tls = tlsFiles(tlsCert, tlsKey);
  const open = async (): Promise<ServablePolicy> => {
    const start = performance.now();
    const policy = await openPolicy(name, { denoisingSteps, guidance, advantageIndicator, promptTokens, threads });
    const seconds = Number(((performance.now() - start) / 1000).toFixed(3));
    console.error(logLine("loaded", { policy: policy.id, ...policy.info, seconds }));
    return policy;
  };
  const policy = await open();
  const apiKey = process.env.PISTAR_API_KEY;
  if (!apiKey && !loopback.includes(options.host))
    console.error(
      logLine("warning", { warning: `no PISTAR_API_KEY: whoever reaches ${options.host} can ask the policy` }),
    );
  const server = await servePolicy(policy, {
    ...options,
    ...(layout !== undefined && { layout: readLayout(layout) }),
    ...(defaultPrompt !== undefined && { defaultPrompt }),
    ...(maxClientsPerAddress !== undefined && { maxClientsPerAddress }),
    ...(apiKey && { apiKey }),
    ...(tls && { tls }),
    log: (line) => console.error(line),
  });
  console.log(introduction(server, policy));
  let reloading = Promise.resolve();
  process.on("SIGHUP", () => {
    reloading = reloading.then(() => server.reload(open)).catch(() => {}); // the server's log says what was wrong
  });
  const signal = await new Promise<NodeJS.Signals>((resolve) => void onInterrupt(resolve));
  console.error(logLine("stopping", { signal }));
  await server.close();
}

function tlsFiles(cert: string | undefined, key: string | undefined): { cert: string; key: string } | undefined {
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return undefined;
  throw new PistarError(
    "bad-option",
    `Expected --tls-cert and --tls-key together, got --tls-${cert === undefined ? "key" : "cert"} alone`,
  );
}

/** What a client sends under which keys, for people. */
function introduction({ url, layout }: PolicyServer, { id, info }: ServablePolicy): string {
  const name = (key: readonly string[]) => key.map((part) => `"${part}"`).join(" ");
  return [
    `${id} answers at ${url}`,
    ...Object.values(layout.images).map(
      (key) => `  ${name(key)}: uint8 ${layout.imageOrder === "HWC" ? "[height, width, 3]" : "[3, height, width]"}`,
    ),
    ...layout.state.map(({ key, size }) => `  ${name(key)}: ${size} numbers`),
    `  ${name(layout.prompt)}: text`,
    `with "actions": float32 [${info?.horizon ?? "steps"}, ${layout.actions}]${info ? `, ${info.fps} a second` : ""}`,
  ].join("\n");
}
