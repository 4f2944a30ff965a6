#!/usr/bin/env bash
# Packs the built package, installs it into an empty folder as a user would, and runs its command line and programs: what README promises of a
# library, checked by a TypeScript that skips no declaration.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$root" && npm pack --silent --pack-destination "$folder" > /dev/null)
cd "$folder"
npm init --yes > /dev/null
npm pkg set type=module
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

# Every part is importable with types: strictly, with the libraries that TypeScript assumes, and with Node's types in their place.
npm install --ignore-scripts --no-audit --no-fund typescript@5.9.3 @types/node@20 > /dev/null
parts=$(node -p 'Object.keys(require("pistar/package.json").exports).filter((part) => part !== "./package.json").map((part) => part.replace(".", "pistar")).join("\n")')
while read -r part; do echo "export * as _$(tr -c 'a-z\n' _ <<< "$part") from \"$part\";"; done <<< "$parts" > parts.ts
cp "$root/examples/episode.ts" episode.ts
strict='"target": "ES2022", "module": "NodeNext", "moduleResolution": "NodeNext", "strict": true, "skipLibCheck": false, "noEmit": true'
echo "{ \"compilerOptions\": { $strict, \"types\": [] }, \"include\": [\"parts.ts\"] }" > tsconfig.json
npx tsc -p tsconfig.json
echo "{ \"compilerOptions\": { $strict, \"lib\": [\"ES2022\"], \"types\": [\"node\"] }, \"include\": [\"parts.ts\", \"episode.ts\"] }" > tsconfig.node.json
npx tsc -p tsconfig.node.json
lines=$(grep -cvE '^(//|$)' episode.ts)
[ "$lines" -le 15 ] || { echo "examples/episode.ts has $lines lines, expected at most 15" >&2; exit 1; }
sed '/^\/\//d' episode.ts > episode.mjs # it is JavaScript too
node episode.mjs | grep -E "random: (success|failure) after [0-9.]+ s"

# Who speaks the protocol or computes returns needs no engine.
cat > light.mjs <<'JS'
for (const part of ["recap", "robot", "serve"]) await import(`pistar/${part}`);
const loaded = process.report.getReport().sharedObjects.filter((file) => file.includes("onnxruntime"));
if (loaded.length > 0) throw new Error(`pistar/recap, /robot or /serve load ${loaded}`);
await import("pistar/tensor");
if (!process.report.getReport().sharedObjects.some((file) => file.includes("onnxruntime"))) throw new Error("the check sees nothing");
console.log("the light parts stay light");
JS
node light.mjs

# The robot of the examples, by the command.
npx pistar collect --robot node_modules/pistar/examples/own-robot/robot.js --task touch --episodes 2 --workers 1 --out data 2> /dev/null
npx pistar dataset validate data 2> /dev/null

bash "$root/scripts/first-hour.sh" "$folder"
