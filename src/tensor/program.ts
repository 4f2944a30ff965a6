// Compiles expressions into a program for ONNX Runtime. Only programs and stores own memory.
import type ort from "onnxruntime-node";
import { float16ToFloat32 } from "../system/index.ts";
import { createSession, fromRuntime, type SessionOptions, toRuntime } from "./device.ts";
import { describe, type Tensor } from "./expression.ts";
import { type Lowered, lower } from "./lower.ts";
import { graphWriter } from "./onnx.ts";
import { createStore, type Store } from "./store.ts";
import {
  arrayName,
  elements,
  formatShape,
  formatType,
  holds,
  isFloat,
  sameShape,
  type TensorData,
  type TensorValue,
} from "./types.ts";

/** An assignment after each run: the store's `state` becomes `value`. */
export interface Update {
  readonly state: Tensor;
  readonly value: Tensor;
}

/** A graph to compile. */
export interface Graph {
  /** The inputs, made by `input`; each is fed on every run. */
  readonly inputs?: readonly Tensor[];
  readonly outputs?: Readonly<Record<string, Tensor>>;
  readonly updates?: readonly Update[];
}

/** Options of `compile`. */
export interface CompileOptions extends Omit<SessionOptions, "resident"> {
  /** The store of the states. Programs may share one. Default: an empty store. */
  readonly store?: Store;
  /**
   * Writes the current states into the program. ONNX Runtime then prepares them and computes ahead all that depends on
   * nothing else: a small network runs faster (bench/policy.ts, "inline"). The program keeps its copy, whatever happens
   * to the store.
   */
  readonly inline?: boolean;
  /**
   * Finds the first tensor that is not finite, throws an error naming its expression, and leaves the states unchanged.
   * Slow: it keeps every intermediate tensor.
   */
  readonly checkFinite?: boolean;
}

/** Numbers for one input: an array in row-major order, a single number for a float scalar, or a typed value. */
export type Feed = TensorData | TensorValue | number;

/** A compiled graph with its store. */
export interface Program {
  readonly store: Store;
  /**
   * Computes the outputs and commits the updates. Runs on one store follow one another in order of asking. A run reads
   * its feeds at its turn, without a copy: leave the arrays alone until it is done.
   * @throws TypeError for a missing or unknown feed, or one of another type
   */
  run(feeds?: Readonly<Record<string, Feed>>): Promise<Record<string, TensorValue>>;
  /** Frees the session; the store remains. */
  release(): Promise<void>;
}

/**
 * Compiles `graph` for a device.
 * @throws TypeError if the graph uses an undeclared input, an update changes a type, or the store holds another type
 * @throws PistarError unavailable if the device cannot be used
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
  const { inputs = [], outputs = {}, updates = [] } = graph;
  const { store = createStore(), inline = false, checkFinite = false, ...sessionOptions } = options;
  const resident = sessionOptions.device === "webgpu";
  const writer = graphWriter();
  const lowered = lower(writer, [...Object.values(outputs), ...updates.map(({ value }) => value)]);
  check(lowered, inputs, updates, store);
  if (inline && updates.length > 0) throw new TypeError("compile: expected no updates of states that are inline");

  const fedStates = inline ? [] : [...lowered.states.keys()];
  for (const leaf of inputs) writer.input(leaf.node.name!, leaf);
  for (const [name, state] of lowered.states)
    if (inline) writer.initializer(name, await store.read(name));
    else writer.input(name, state);
  for (const [name, tensor] of Object.entries(outputs)) writer.output(outputName(name), tensor, lowered.nameOf(tensor));
  const next = updates.map(({ state, value }) => ({
    name: state.node.name!,
    output: nextName(state.node.name!),
    value,
  }));
  for (const { output, value } of next) writer.output(output, value, lowered.nameOf(value));
  const watched = checkFinite ? lowered.computed.filter(({ dtype }) => isFloat(dtype)) : [];
  watched.forEach((tensor, i) => {
    writer.output(watchName(i), tensor, lowered.nameOf(tensor));
  });

  const session = await createSession(writer.finish(), {
    ...sessionOptions,
    ...(resident && { resident: next.map(({ output }) => output) }),
  });
  return {
    store,
    run: (feeds = {}) => {
      const fed = feedTensors(inputs, feeds);
      return store.exclusively(async ({ current, spare, commit }) => {
        for (const name of fedStates) fed[name] = await current(name, resident);
        const fetches: Record<string, ort.Tensor | null> = {};
        for (const name of Object.keys(outputs)) fetches[outputName(name)] = null;
        for (const { name, output } of next) fetches[output] = resident ? null : spare(name);
        watched.forEach((_, i) => {
          fetches[watchName(i)] = null;
        });
        const results = await session.run(fed, fetches);
        if (checkFinite) {
          for (const leaf of inputs) expectFinite(leaf, fed[leaf.node.name!]!);
          watched.forEach((tensor, i) => {
            expectFinite(tensor, results[watchName(i)]!);
          });
        }
        // Preallocated buffers are written in place. `results` holds other tensors of the same numbers.
        for (const { name, output } of next) commit(name, fetches[output] ?? results[output]!);
        const values: Record<string, TensorValue> = {};
        for (const [name, { dtype }] of Object.entries(outputs))
          values[name] = fromRuntime(results[outputName(name)]!, dtype);
        return values;
      });
    },
    release: () => session.release(),
  };
}

// Prefixes keep outputs apart from leaves of the same name.
const outputName = (name: string) => `output/${name}`;
const nextName = (name: string) => `next/${name}`;
const watchName = (i: number) => `watch/${i}`;

function check(lowered: Lowered, inputs: readonly Tensor[], updates: readonly Update[], store: Store): void {
  const declared = new Set(inputs.map(({ node }) => node.name));
  for (const tensor of inputs)
    if (tensor.node.operator !== "input")
      throw new TypeError(`compile: expected inputs made by input(), got ${describe(tensor)}`);
  for (const [name, tensor] of lowered.inputs)
    if (!declared.has(name))
      throw new TypeError(`compile: the graph uses ${describe(tensor)}, which is not among the declared inputs`);
  const updated = new Set<string>();
  for (const { state, value } of updates) {
    if (state.node.operator !== "state")
      throw new TypeError(`compile: expected an update of a state, got ${describe(state)}`);
    if (value.dtype !== state.dtype || !sameShape(value.shape, state.shape))
      throw new TypeError(`compile: the update of ${describe(state)} has another type, ${formatType(value)}`);
    if (updated.has(state.node.name!)) throw new TypeError(`compile: got two updates of ${describe(state)}`);
    updated.add(state.node.name!);
  }
  for (const tensor of [...lowered.states.values(), ...updates.map(({ state }) => state)]) {
    const held = store.type(tensor.node.name!);
    if (held.dtype !== tensor.dtype || !sameShape(held.shape, tensor.shape))
      throw new TypeError(`compile: the store holds ${formatType(held)} for ${describe(tensor)}`);
  }
}

function feedTensors(inputs: readonly Tensor[], feeds: Readonly<Record<string, Feed>>): Record<string, ort.Tensor> {
  const tensors: Record<string, ort.Tensor> = {};
  for (const tensor of inputs) {
    const name = tensor.node.name!;
    const feed = feeds[name];
    if (feed === undefined) throw new TypeError(`run: no feed for input "${name}", ${formatType(tensor)}`);
    tensors[name] = feedTensor(name, tensor, feed);
  }
  const unknown = Object.keys(feeds).find((name) => !(name in tensors));
  if (unknown !== undefined)
    throw new TypeError(`run: "${unknown}" is not an input; expected ${Object.keys(tensors).join(", ") || "none"}`);
  return tensors;
}

function feedTensor(name: string, { dtype, shape }: Tensor, feed: Feed): ort.Tensor {
  const expected = `run: input "${name}" expected ${arrayName(dtype)} for ${formatType({ dtype, shape })}`;
  if (typeof feed === "number") {
    if (dtype !== "f32" || shape.length !== 0) throw new TypeError(`${expected}, got the number ${feed}`);
    return toRuntime({ dtype, shape, data: Float32Array.of(feed) });
  }
  const typed = "data" in feed;
  const data = typed ? feed.data : feed;
  if (!holds(dtype, data) || (typed && feed.dtype !== dtype))
    throw new TypeError(`${expected}, got ${typed ? formatType(feed) : data?.constructor.name}`);
  if (typed && !sameShape(feed.shape, shape)) throw new TypeError(`${expected}, got shape ${formatShape(feed.shape)}`);
  if (data.length !== elements(shape))
    throw new TypeError(`${expected}, ${elements(shape)} elements, got ${data.length}`);
  return toRuntime({ dtype, shape, data });
}

function expectFinite(tensor: Tensor, result: ort.Tensor): void {
  if (!isFloat(tensor.dtype)) return;
  const { data } = fromRuntime(result, tensor.dtype);
  const numbers = data instanceof Uint16Array ? float16ToFloat32(data) : (data as Float32Array);
  const at = numbers.findIndex((x) => !Number.isFinite(x));
  if (at >= 0)
    throw new Error(`Element ${at} of ${describe(tensor)} is ${numbers[at]}, the first tensor that is not finite`);
}
