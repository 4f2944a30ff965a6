// pistar serve: a trained policy behind openpi's protocol.
import type { Command } from "commander";
import { openPolicyInThread } from "../policy/index.ts";
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
import { explain } from "./help.ts";
import { onInterrupt } from "./interrupt.ts";

export function addServe(command: Command): void {
  command.description(
    "Serve a trained policy to robots by openpi's protocol. Clients of openpi and of pistar can connect.",
  );
  addFlags(command, serveOptions, ["host", "port", "layout", "advantageIndicator", "guidance"]);
  explain(command, { text, examples }).action((checkpoint: string, flags: Record<string, unknown>) =>
    serve(checkpoint, flags),
  );
}

const text = [
  "The checkpoint is a run (then its last checkpoint), one of its checkpoints, a pretrained_model folder, or a folder of pistar export.",
  "openpi's client works unchanged (pip install openpi-client). The command prints the keys:",
  [
    "  from openpi_client.websocket_client_policy import WebsocketClientPolicy",
    '  policy = WebsocketClientPolicy("localhost", 8000)  # api_key="secret"',
    "  chunk = policy.infer({",
    '      "observation/images/front": front,  # uint8 [height, width, 3]',
    '      "observation/images/wrist": wrist,',
    '      "observation/state": state,         # in the units of the dataset',
    '      "prompt": "put the cube in the bowl",',
    '  })["actions"]                           # [horizon, actions], the same units',
  ].join("\n"),
  "The keys are those that the checkpoint names (observation_layout in its config.json), else they follow its cameras as above. --layout takes " +
    "the name of one of openpi's robots, or a JSON file such as",
  [
    '  {"images": {"front": "observation/image", "wrist": ["images", "wrist"]},',
    '   "imageOrder": "HWC",',
    '   "state": [{"key": "observation/joints", "size": 5},',
    '             {"key": "observation/gripper", "size": 1}],',
    '   "prompt": "prompt", "actions": 6}',
  ].join("\n"),
  '["images", "wrist"] is a dict in the observation. Several parts of a state follow one another.',
  "GET /healthz says OK. GET /metrics has counters and times for Prometheus. Events are lines of JSON on stderr. kill -HUP loads the checkpoint " +
    "again while clients stay connected; if that fails, the old policy goes on. Ctrl-C answers what has arrived, then ends.",
];

const examples = [
  "pistar serve runs/policy",
  "# ask it from this machine",
  "pistar eval --policy ws://localhost:8000 --task cube-in-bowl",
  "# serve robots elsewhere, which need the key",
  "PISTAR_API_KEY=secret pistar serve runs/policy --host 0.0.0.0",
];

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
    rtcMode,
    rtcBeta,
    rtcSchedule,
    rtcHorizon,
    promptTokens,
    threads,
    ...options
  } = fromFlags(serveOptions, flags);
  const tls = tlsFiles(tlsCert, tlsKey);
  const keys = layout === undefined ? undefined : readLayout(layout);
  const open = async (): Promise<ServablePolicy> => {
    const start = performance.now();
    const policy = await openPolicyInThread(name, {
      denoisingSteps,
      guidance,
      advantageIndicator,
      rtcMode,
      rtcBeta,
      rtcSchedule,
      rtcHorizon,
      promptTokens,
      threads,
    });
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
    ...(keys && { layout: keys }),
    ...(defaultPrompt !== undefined && { defaultPrompt }),
    ...(maxClientsPerAddress !== undefined && { maxClientsPerAddress }),
    ...(apiKey && { apiKey }),
    ...(tls && { tls }),
    log: (line) => console.error(line),
  }).catch(async (error: unknown) => {
    await policy.close(); // its thread would keep the process alive
    throw error;
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

/** The keys of an observation, with their contents, for people. */
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
