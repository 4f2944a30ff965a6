#!/usr/bin/env bash
# Packs the built package, installs it into an empty folder as a user would, and runs its command line and a program.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$root" && npm pack --silent --pack-destination "$folder" > /dev/null)
cd "$folder"
npm init --yes > /dev/null
npm install --ignore-scripts --no-audit --no-fund ./pistar-*.tgz
npx pistar --version
npx pistar --help > /dev/null
for file in policy.safetensors state.json tokenizer.json; do test -s "node_modules/pistar/backbones/nano/$file"; done
cat > program.mjs <<'JS'
import { openDataset } from "pistar/data";
import { returns } from "pistar/recap";
import { pack, unpack } from "pistar/serve";
import { compile, exp, input } from "pistar/tensor";
const x = input("x", [2]);
const program = await compile({ inputs: [x], outputs: { y: exp(x) } });
const { y } = await program.run({ x: Float32Array.of(0, 1) });
if (Math.abs(y.data[1] - Math.E) > 1e-6) throw new Error(`exp(1) is ${y.data[1]}`);
if (returns(Float32Array.of(-1, 0))[0] !== -1) throw new Error("returns are wrong");
if (unpack(pack({ prompt: "stack" })).prompt !== "stack") throw new Error("msgpack is wrong");
const missing = await openDataset("nowhere").catch((error) => error.message);
if (!missing.includes("meta/info.json")) throw new Error(`openDataset said ${missing}`);
console.log("the installed package computes");
JS
node program.mjs
