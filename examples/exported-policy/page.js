// The page: answers the exported example, shows the distance from the expected answer, then answers typed instructions.
import * as ort from "onnxruntime-web";
import { openPolicy } from "./policy.js";

const folder = new URLSearchParams(location.search).get("policy") ?? "/exported";
const element = (id) => document.getElementById(id);
const json = async (name) => (await fetch(`${folder}/${name}`)).json();

async function start() {
  ort.env.wasm.numThreads = 1; // more threads need an isolated page (COOP and COEP)
  const manifest = await json("manifest.json");
  const policy = await openPolicy(ort, manifest, await json(manifest.tokenizer), `${folder}/${manifest.model}`);
  const { noise, actions, ...example } = await json("example/observation.json");
  const pictures = {};
  for (const [camera, name] of Object.entries(example.pictures))
    pictures[camera] = await picture(`${folder}/example/${name}`, manifest.image_size);

  const act = async (task, noise) => {
    const start = performance.now();
    const chunk = await policy.act({ task, state: example.state, pictures, noise });
    show(manifest, chunk);
    return { chunk, time: `${(performance.now() - start).toFixed(1)} ms` };
  };
  const { chunk, time } = await act(example.task, noise);
  const difference = Math.max(...actions.flat().map((x, i) => Math.abs(x - chunk[i])));
  element("status").textContent =
    `The example's actions, in ${time}; they differ from pistar's by ${difference} at most`;
  element("task").value = example.task;
  element("act").disabled = false;
  element("act").onclick = async () => {
    const { time } = await act(element("task").value);
    element("status").textContent = `Actions for another noise, in ${time}`;
  };
}

/** A picture's RGB bytes, fitted into a square; shown as well. */
async function picture(url, side) {
  const exact = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(await (await fetch(url)).blob(), exact);
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const ratio = Math.max(bitmap.width, bitmap.height) / side;
  const [width, height] = [bitmap.width / ratio, bitmap.height / ratio];
  context.fillRect(0, 0, side, side);
  context.drawImage(bitmap, (side - width) / 2, (side - height) / 2, width, height);
  element("cameras").append(canvas);
  return context.getImageData(0, 0, side, side).data.filter((_, i) => i % 4 < 3);
}

function show({ action_names: names, fps }, chunk) {
  const row = (kind, cells) => `<tr>${cells.map((cell) => `<${kind}>${cell}</${kind}>`).join("")}</tr>`;
  const rows = Array.from({ length: chunk.length / names.length }, (_, i) => [
    `${(i / fps).toFixed(2)} s`,
    ...Array.from(chunk.subarray(i * names.length, (i + 1) * names.length), (x) => x.toFixed(2)),
  ]);
  element("actions").innerHTML = row("th", ["", ...names]) + rows.map((cells) => row("td", cells)).join("");
}

start().catch((error) => {
  element("status").textContent = `Failed: ${error.message}`;
});
