// An exported policy in any ONNX Runtime for JavaScript: from an observation to an action chunk.
import { Tokenizer } from "@huggingface/tokenizers";

/**
 * @param ort onnxruntime-node or onnxruntime-web
 * @param manifest the content of manifest.json
 * @param tokenizerFile the content of tokenizer.json
 * @param model policy.onnx: its path, URL or bytes
 */
export async function openPolicy(ort, manifest, tokenizerFile, model) {
  const session = await ort.InferenceSession.create(model);
  const tokenizer = new Tokenizer(tokenizerFile, {});
  const { inputs, continuation, prompt, normalization, cameras, image_size } = manifest;
  const sizeOf = (wanted) => inputs.find(({ name }) => name === wanted).shape.reduce((a, b) => a * b);

  /** The state in 256 bins, for policies that read it. */
  const bins = (state) => {
    const { center, scale } = normalization.state;
    const bin = (x, i) => Math.floor(((x - center[i]) / scale[i] + 1) * 128);
    return Array.from(state, (x, i) => Math.max(-1, Math.min(255, bin(x, i)))).join(" ");
  };
  /** A prompt's tokens and mask, under the names of their inputs. */
  const said = (name, template, { task, state }) => {
    const parts = { task: () => task.trim().replace(/[_\n]/g, " "), state: () => bins(state) };
    const text = template.replace(/\{(task|state)\}/g, (_, part) => parts[part]());
    const tokens = [prompt.begin_token, ...tokenizer.encode(text, { add_special_tokens: false }).ids];
    if (tokens.length > sizeOf(name)) throw new Error(`Expected a shorter instruction, got ${JSON.stringify(task)}`);
    const padded = Int32Array.from({ length: sizeOf(name) }, (_, i) => tokens[i] ?? prompt.pad_token);
    return { [name]: padded, [`${name}_mask`]: Uint8Array.from(padded, (_, i) => Number(i < tokens.length)) };
  };

  return {
    /**
     * @param pictures by camera, RGB bytes of image_size × image_size; may lack cameras
     * @param noise standard normal; left out, it is drawn
     * @param previous and weights of an export with real-time chunking, as manifest.json says; left out, the chunk begins anew
     * @returns [horizon, action_names] one after another, in the robot's units
     */
    async act({ task, state, pictures, noise, previous, weights }) {
      const numbers = {
        state: Float32Array.from(state),
        noise: Float32Array.from(noise ?? Array.from({ length: sizeOf("noise") }, normal)),
        camera_mask: Uint8Array.from(cameras, (camera) => Number(camera in pictures)),
        ...said("prompt", prompt.template, { task, state }),
      };
      if (prompt.unconditioned_template)
        Object.assign(numbers, said("unconditioned_prompt", prompt.unconditioned_template, { task, state }));
      for (const camera of cameras)
        numbers[`pictures.${camera}`] = pictures[camera] ?? new Uint8Array(image_size ** 2 * 3);
      if (continuation) {
        numbers.previous = previous ?? new Float32Array(sizeOf("previous"));
        numbers.previous_weights = weights ?? new Float32Array(sizeOf("previous_weights"));
      }
      const feeds = inputs.map(({ name, dtype, shape }) => [name, new ort.Tensor(dtype, numbers[name], shape)]);
      const { actions } = await session.run(Object.fromEntries(feeds));
      return actions.data;
    },
  };
}

/** Box and Muller's. */
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
