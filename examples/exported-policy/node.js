// Answers an observation with onnxruntime-node: node examples/exported-policy/node.js exported exported/example/observation.json
// Prints the actions as JSON. If the observation has expected actions, it prints the largest difference on stderr.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import ort from "onnxruntime-node";
import sharp from "sharp";

const [folder, file] = process.argv.slice(2);
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const { inputs, prompt, cameras, normalization, image_size: side, ...manifest } = json(join(folder, "manifest.json"));
const { task, state, pictures, noise, actions } = json(file);

const numbers = { state: Float32Array.from(state), noise: Float32Array.from(noise) };
numbers.camera_mask = Uint8Array.from(cameras, () => 1);
for (const camera of cameras) {
  const picture = sharp(join(dirname(file), pictures[camera])).resize(side, side, { fit: "contain" });
  numbers[`pictures.${camera}`] = Uint8Array.from(await picture.removeAlpha().raw().toBuffer());
}

const { center, scale } = normalization.state;
const bin = (x, i) => Math.max(-1, Math.min(255, Math.floor(((x - center[i]) / scale[i] + 1) * 128)));
const said = { "{task}": task.trim().replace(/[_\n]/g, " "), "{state}": state.map(bin).join(" ") };
const tokenizer = new Tokenizer(json(join(folder, manifest.tokenizer)), {});
for (const { name, shape } of inputs.filter(({ name }) => name.endsWith("prompt"))) {
  const template = name === "prompt" ? prompt.template : prompt.unconditioned_template;
  const text = template.replace(/\{(task|state)\}/g, (part) => said[part]);
  const tokens = [prompt.begin_token, ...tokenizer.encode(text, { add_special_tokens: false }).ids];
  numbers[name] = Int32Array.from({ length: shape[1] }, (_, i) => tokens[i] ?? prompt.pad_token);
  numbers[`${name}_mask`] = Uint8Array.from({ length: shape[1] }, (_, i) => Number(i < tokens.length));
}

// An export with real-time chunking continues nothing here: all weights are 0.
for (const { name, shape } of inputs.filter(({ name }) => name.startsWith("previous")))
  numbers[name] = new Float32Array(shape.reduce((product, side) => product * side, 1));

const session = await ort.InferenceSession.create(join(folder, manifest.model));
const feeds = inputs.map(({ name, dtype, shape }) => [name, new ort.Tensor(dtype, numbers[name], shape)]);
const { data, dims } = (await session.run(Object.fromEntries(feeds))).actions;
const row = (i) => [...data.subarray(i * dims[2], (i + 1) * dims[2])];
console.log(JSON.stringify(Array.from({ length: dims[1] }, (_, i) => row(i))));
if (actions) console.error(`differs by ${Math.max(...actions.flat().map((x, i) => Math.abs(x - data[i])))} at most`);
