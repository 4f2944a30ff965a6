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
cat > program.mjs <<'JS'
import { compile, exp, input } from "pistar/tensor";
const x = input("x", [2]);
const program = await compile({ inputs: [x], outputs: { y: exp(x) } });
const { y } = await program.run({ x: Float32Array.of(0, 1) });
if (Math.abs(y.data[1] - Math.E) > 1e-6) throw new Error(`exp(1) is ${y.data[1]}`);
console.log("the installed package computes");
JS
node program.mjs
