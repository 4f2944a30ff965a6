// Writes ONNX: a graph's messages of onnx.proto, field by field
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). It takes opset 17 and IR version 8, known to every recent
// runtime. ONNX Runtime's fused operators come from "com.microsoft".
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { bytesPerElement, type DType, elements, type Shape, type TensorValue } from "./types.ts";

const irVersion = 8;
const opset = 17;

/** TensorProto.DataType */
const dataType: Record<DType, number> = { f32: 1, u8: 2, i32: 6, i64: 7, bool: 9, f16: 10 };

/** TensorProto.DataType of a dtype, for attributes such as Cast's. */
export const onnxType = (dtype: DType): number => dataType[dtype];

type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: "" | "com.microsoft";
  /** Number of outputs; default 1. */
  readonly outputs?: number;
}

/** The place of a large tensor outside the model: bytes `offset` to `offset + length` of the file `location`. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

interface DeclaredType {
  readonly dtype: DType;
  readonly shape?: Shape;
}

/** Collects a graph's nodes and tensors. */
export interface GraphWriter {
  /**
   * Adds a node and returns its output names, new ones that start with "/". An empty input name leaves out an optional
   * input.
   */
  node(type: string, inputs: readonly string[], options?: NodeOptions): readonly string[];
  /** Adds fixed numbers and returns their name. Equal small constants are written once. */
  constant(value: TensorValue): string;
  /** A one-dimensional int64 constant: shapes, axes, pads. */
  integers(values: readonly number[]): string;
  /** Declares an input or output. Without a shape it takes any. */
  input(name: string, type: DeclaredType): void;
  /** Makes the tensor `from` an output called `name`. It renames the tensor, or copies one with a fixed name. */
  output(name: string, type: DeclaredType, from: string): void;
  /** A named tensor with its numbers inside the model or in a file beside it. */
  initializer(name: string, value: TensorValue, external?: ExternalData): void;
  /** The finished ModelProto. */
  finish(): Uint8Array;
}

interface NodeRecord {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly options: NodeOptions;
}

/** A writer for one graph. */
export function graphWriter(): GraphWriter {
  const nodes: NodeRecord[] = [];
  /** Computed tensors that may still be renamed to an output, and those already renamed. */
  const free = new Set<string>();
  const renamed = new Map<string, string>();
  const initializers: Uint8Array[] = [];
  const inputs: Uint8Array[] = [];
  const outputs: Uint8Array[] = [];
  const shared = new Map<string, string>();
  let next = 0;

  const graph: GraphWriter = {
    node(type, inputNames, options = {}) {
      const names = Array.from({ length: options.outputs ?? 1 }, () => `/${next++}`);
      nodes.push({ type, inputs: inputNames, outputs: names, options });
      for (const name of names) free.add(name);
      return names;
    },
    constant(value) {
      const key = value.data.length <= 16 ? `${value.dtype}|${value.shape}|${value.data}` : undefined;
      const known = key === undefined ? undefined : shared.get(key);
      if (known !== undefined) return known;
      const name = `/${next++}`;
      if (key !== undefined) shared.set(key, name);
      graph.initializer(name, value);
      return name;
    },
    integers: (values) =>
      graph.constant({ dtype: "i64", shape: [values.length], data: BigInt64Array.from(values, BigInt) }),
    input(name, type) {
      inputs.push(valueInfo(name, type));
    },
    output(name, type, from) {
      outputs.push(valueInfo(name, type));
      if (free.delete(from)) renamed.set(from, name);
      else nodes.push({ type: "Identity", inputs: [from], outputs: [name], options: {} });
    },
    initializer(name, value, external) {
      initializers.push(tensorProto(name, value, external));
    },
    finish() {
      const final = (name: string) => renamed.get(name) ?? name;
      const protos = nodes.map(({ type, inputs, outputs, options }) =>
        nodeProto(type, inputs.map(final), outputs.map(final), options),
      );
      return modelProto({ nodes: protos, initializers, inputs, outputs });
    },
  };
  return graph;
}

interface GraphParts {
  readonly nodes: readonly Uint8Array[];
  readonly initializers: readonly Uint8Array[];
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** ModelProto: version, producer, the graph, and the operator sets. */
function modelProto({ nodes, initializers, inputs, outputs }: GraphParts): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(irVersion);
  writer.tag(2, WireType.LengthDelimited).string("pistar");
  writer.tag(7, WireType.LengthDelimited).fork(); // GraphProto
  for (const bytes of nodes) writer.tag(1, WireType.LengthDelimited).bytes(bytes);
  writer.tag(2, WireType.LengthDelimited).string("pistar");
  for (const bytes of initializers) writer.tag(5, WireType.LengthDelimited).bytes(bytes);
  for (const bytes of inputs) writer.tag(11, WireType.LengthDelimited).bytes(bytes);
  for (const bytes of outputs) writer.tag(12, WireType.LengthDelimited).bytes(bytes);
  writer.join();
  for (const [domain, version] of [
    ["", opset],
    ["com.microsoft", 1],
  ] as const) {
    writer.tag(8, WireType.LengthDelimited).fork(); // OperatorSetIdProto
    writer.tag(1, WireType.LengthDelimited).string(domain);
    writer.tag(2, WireType.Varint).int64(version).join();
  }
  return writer.finish();
}

function nodeProto(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  { attributes = {}, domain = "" }: NodeOptions,
): Uint8Array {
  const writer = new BinaryWriter();
  for (const name of inputs) writer.tag(1, WireType.LengthDelimited).string(name);
  for (const name of outputs) writer.tag(2, WireType.LengthDelimited).string(name);
  writer.tag(3, WireType.LengthDelimited).string(`${type}_${outputs[0]}`);
  writer.tag(4, WireType.LengthDelimited).string(type);
  for (const [name, attribute] of Object.entries(attributes)) {
    writer.tag(5, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(name);
    if ("float" in attribute) writer.tag(2, WireType.Bit32).float(attribute.float);
    else if ("int" in attribute) writer.tag(3, WireType.Varint).int64(attribute.int);
    else if ("text" in attribute)
      writer.tag(4, WireType.LengthDelimited).bytes(new TextEncoder().encode(attribute.text));
    else for (const item of attribute.ints) writer.tag(8, WireType.Varint).int64(item);
    // AttributeProto.type: FLOAT 1, INT 2, STRING 3, INTS 7
    const kind = "float" in attribute ? 1 : "int" in attribute ? 2 : "text" in attribute ? 3 : 7;
    writer.tag(20, WireType.Varint).int32(kind).join();
  }
  if (domain !== "") writer.tag(7, WireType.LengthDelimited).string(domain);
  return writer.finish();
}

function valueInfo(name: string, { dtype, shape }: DeclaredType): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(name);
  writer.tag(2, WireType.LengthDelimited).fork(); // TypeProto
  writer.tag(1, WireType.LengthDelimited).fork(); // TypeProto.Tensor
  writer.tag(1, WireType.Varint).int32(dataType[dtype]);
  if (shape !== undefined) {
    writer.tag(2, WireType.LengthDelimited).fork(); // TensorShapeProto
    for (const size of shape) {
      writer.tag(1, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.Varint).int64(size).join();
    }
    writer.join();
  }
  return writer.join().join().finish();
}

function tensorProto(name: string, value: TensorValue, external: ExternalData | undefined): Uint8Array {
  const writer = new BinaryWriter();
  for (const size of value.shape) writer.tag(1, WireType.Varint).int64(size);
  writer.tag(2, WireType.Varint).int32(dataType[value.dtype]);
  writer.tag(8, WireType.LengthDelimited).string(name);
  if (external === undefined) {
    const { buffer, byteOffset, byteLength } = value.data;
    writer.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(buffer, byteOffset, byteLength));
  } else {
    for (const [key, text] of Object.entries(external)) {
      writer.tag(13, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.LengthDelimited).string(key);
      writer.tag(2, WireType.LengthDelimited).string(String(text)).join();
    }
    writer.tag(14, WireType.Varint).int32(1); // DataLocation.EXTERNAL
  }
  return writer.finish();
}

/** Bytes a tensor of this type takes in a file. */
export const byteSize = (dtype: DType, shape: Shape): number => elements(shape) * bytesPerElement(dtype);
