// The store: values that outlive a run, such as parameters, optimiser state and averages. Several programs may share
// one. A run reads the current values and writes the next ones into a second buffer. Then the two change places.
import type ort from "onnxruntime-node";
import { createSession, fromRuntime, toRuntime } from "./device.ts";
import { graphWriter } from "./onnx.ts";
import {
  className,
  type DType,
  elements,
  formatType,
  holds,
  listed,
  sameShape,
  type TensorData,
  type TensorType,
  type TensorValue,
  zerosData,
} from "./types.ts";

interface Entry {
  readonly type: TensorType;
  current: ort.Tensor;
  spare: ort.Tensor | undefined;
}

/** Named tensors that outlive a run. */
export interface Store {
  readonly names: readonly string[];
  /**
   * The type of an entry.
   * @throws Error listing the store's names if there is none
   */
  type(name: string): TensorType;
  /** A copy of the current numbers. */
  read(name: string): Promise<TensorValue>;
  /** Copies of all current numbers by name, taken between two runs. */
  readAll(): Promise<Map<string, TensorValue>>;
  /**
   * Replaces numbers between two runs, all or none. Types must stay. A new name is added.
   * @throws TypeError for another type
   */
  write(values: Iterable<readonly [string, TensorValue]>): Promise<void>;
  /** Frees entries that no program uses any more. */
  remove(names: readonly string[]): Promise<void>;
  /** For programs: runs `use` while no other program runs on this store. @internal */
  exclusively<T>(use: (access: Access) => Promise<T>): Promise<T>;
  /** Frees the memory; the store cannot be used afterwards. */
  release(): void;
}

/** A program's view of the entries during one run. @internal */
interface Access {
  /** The current tensor, moved to the computing device. */
  current(name: string, resident: boolean): Promise<ort.Tensor>;
  /** A CPU buffer for the next value. */
  spare(name: string): ort.Tensor;
  /** Makes `next` current. */
  commit(name: string, next: ort.Tensor): void;
}

/** A store that holds copies of `values`. */
export function createStore(values: Iterable<readonly [string, TensorValue]> = []): Store {
  const entries = new Map<string, Entry>();
  let queue: Promise<unknown> = Promise.resolve();

  function entry(name: string): Entry {
    const found = entries.get(name);
    if (found === undefined) throw new Error(`The store has no "${name}"; it holds ${listed([...entries.keys()])}`);
    return found;
  }

  const access = accessTo(entry);

  function put(all: readonly (readonly [string, TensorValue])[]): void {
    for (const [name, value] of all) expectFits(name, value, entries.get(name)?.type);
    for (const [name, { dtype, shape, data }] of all) {
      const known = entries.get(name);
      const current = toRuntime({ dtype, shape, data: data.slice() });
      if (known) replace(known, current);
      else entries.set(name, { type: { dtype, shape: [...shape] }, current, spare: undefined });
    }
  }

  const store: Store = {
    get names() {
      return [...entries.keys()];
    },
    type: (name) => entry(name).type,
    read: (name) => store.exclusively(() => copyOf(entry(name))),
    readAll: () =>
      store.exclusively(async () => {
        const all = new Map<string, TensorValue>();
        for (const [name, found] of entries) all.set(name, await copyOf(found));
        return all;
      }),
    write: (values) => store.exclusively(async () => put([...values])),
    remove: (names) =>
      store.exclusively(async () => {
        for (const name of names) {
          free(entry(name));
          entries.delete(name);
        }
      }),
    exclusively(use) {
      const turn = queue.then(() => use(access));
      queue = turn.catch(() => undefined);
      return turn;
    },
    release() {
      for (const found of entries.values()) free(found);
      entries.clear();
    },
  };
  put([...values]);
  return store;
}

async function copyOf({ current, type }: Entry): Promise<TensorValue> {
  const { data } = fromRuntime(await moveTo(current, type.dtype, false), type.dtype);
  return { ...type, data: data.slice() };
}

function accessTo(entry: (name: string) => Entry): Access {
  return {
    async current(name, resident) {
      const found = entry(name);
      const moved = await moveTo(found.current, found.type.dtype, resident);
      if (moved !== found.current) replace(found, moved);
      return moved;
    },
    spare(name) {
      const found = entry(name);
      found.spare ??= toRuntime({ ...found.type, data: zerosData(found.type.dtype, elements(found.type.shape)) });
      return found.spare;
    },
    commit(name, next) {
      const found = entry(name);
      if (next === found.spare) [found.current, found.spare] = [next, found.current];
      else replace(found, next);
    },
  };
}

function expectFits(name: string, { dtype, shape, data }: TensorValue, known: TensorType | undefined): void {
  const type = formatType({ dtype, shape });
  if (!holds(dtype, data) || data.length !== elements(shape))
    throw new TypeError(
      `Store "${name}": expected numbers of ${type}, got ${className(data)}(${(data as TensorData).length})`,
    );
  if (known !== undefined && (known.dtype !== dtype || !sameShape(known.shape, shape)))
    throw new TypeError(`Store "${name}": expected ${formatType(known)}, got ${type}`);
}

function free({ current, spare }: Entry): void {
  current.dispose();
  spare?.dispose();
}

function replace(entry: Entry, next: ort.Tensor): void {
  if (entry.current.location === "gpu-buffer") entry.current.dispose();
  if (next.location === "gpu-buffer") entry.spare = undefined;
  entry.current = next;
}

const carriers = new Map<string, Promise<ort.InferenceSession>>();

/** A copy in the GPU's memory (`resident`) or in main memory. A tensor already there is returned itself. */
async function moveTo(tensor: ort.Tensor, dtype: DType, resident: boolean): Promise<ort.Tensor> {
  if ((tensor.location === "gpu-buffer") === resident) return tensor;
  // ONNX Runtime's own download aborts in Node. A session of one Identity node carries any shape either way.
  const key = `${dtype} ${resident}`;
  let carrier = carriers.get(key);
  if (carrier === undefined) {
    const graph = graphWriter();
    graph.input("from", { dtype });
    graph.output("to", { dtype }, "from");
    carrier = createSession(graph.finish(), { device: "webgpu", resident: resident ? ["to"] : [] });
    carriers.set(key, carrier);
  }
  const { to } = await (await carrier).run({ from: tensor });
  return to!;
}
