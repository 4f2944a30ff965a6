// ONNX export: writes expressions and a store's numbers as an .onnx file.
import { basename } from "node:path";
import { bytesOf, writeAtomically } from "../system/index.ts";
import type { Tensor } from "./expression.ts";
import { lower } from "./lower.ts";
import { byteSize, type ExternalData, graphWriter } from "./onnx.ts";
import type { Store } from "./store.ts";

/** Options of `exportOnnx`. */
export interface OnnxExportOptions {
  /**
   * Bytes of parameters above which they go to a file PATH.data beside the model; default 1.9e9. Protobuf cannot hold 2
   * GB.
   */
  readonly maxInlineBytes?: number;
}

/** Offsets in a data file are multiples of a page, so runtimes may map them, bytes. */
const page = 4096;

/**
 * Writes the graph from `inputs` to `outputs` with the store's current parameters. It uses standard ONNX operators and
 * ONNX Runtime's "com.microsoft". Files appear under their names only when complete.
 * @throws TypeError if the graph uses an undeclared input, or an output has the name of an input or a parameter
 */
export async function exportOnnx(
  path: string,
  graph: { readonly inputs: readonly Tensor[]; readonly outputs: Readonly<Record<string, Tensor>> },
  store: Store,
  { maxInlineBytes = 1.9e9 }: OnnxExportOptions = {},
): Promise<void> {
  const writer = graphWriter();
  const lowered = lower(writer, Object.values(graph.outputs));
  const declared = new Set(graph.inputs.map(({ node }) => node.name));
  for (const name of lowered.inputs.keys())
    if (!declared.has(name))
      throw new TypeError(`exportOnnx: the graph uses input "${name}", which is not among the declared inputs`);
  for (const input of graph.inputs) writer.input(input.node.name!, input);
  for (const [name, tensor] of Object.entries(graph.outputs)) {
    if (declared.has(name) || lowered.states.has(name))
      throw new TypeError(`exportOnnx: output "${name}" has the name of an input or parameter`);
    writer.output(name, tensor, lowered.nameOf(tensor));
  }

  const total = [...lowered.states.values()].reduce((bytes, { dtype, shape }) => bytes + byteSize(dtype, shape), 0);
  if (total <= maxInlineBytes) {
    for (const name of lowered.states.keys()) writer.initializer(name, await store.read(name));
  } else {
    await writeAtomically(`${path}.data`, async (write) => {
      let end = 0;
      for (const name of lowered.states.keys()) {
        const value = await store.read(name);
        const bytes = bytesOf(value.data);
        const offset = Math.ceil(end / page) * page;
        await write(bytes, offset);
        end = offset + bytes.length;
        const external: ExternalData = { location: `${basename(path)}.data`, offset, length: bytes.length };
        writer.initializer(name, value, external);
      }
    });
  }
  await writeAtomically(path, (write) => write(writer.finish(), 0));
}
