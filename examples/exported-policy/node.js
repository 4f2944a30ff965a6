// Answers an observation with onnxruntime-node: node examples/exported-policy/node.js exported exported/example/observation.json
// Prints the actions as JSON; where the observation says what they should be, the largest difference on stderr.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ort from "onnxruntime-node";
import sharp from "sharp";
import { openPolicy } from "./policy.js";

const [folder, file] = process.argv.slice(2);
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const manifest = json(join(folder, "manifest.json"));
const { task, state, noise, actions, ...observation } = json(file);

const pictures = {};
for (const [camera, name] of Object.entries(observation.pictures)) {
  const picture = sharp(join(dirname(file), name)).resize(manifest.image_size, manifest.image_size, { fit: "contain" });
  pictures[camera] = Uint8Array.from(await picture.removeAlpha().raw().toBuffer());
}

const tokenizer = json(join(folder, manifest.tokenizer));
const policy = await openPolicy(ort, manifest, tokenizer, join(folder, manifest.model));
const chunk = await policy.act({ task, state, pictures, noise });

const width = manifest.action_names.length;
console.log(
  JSON.stringify(Array.from({ length: manifest.horizon }, (_, i) => [...chunk.subarray(i * width, (i + 1) * width)])),
);
if (actions) console.error(`differs by ${Math.max(...actions.flat().map((x, i) => Math.abs(x - chunk[i])))} at most`);
