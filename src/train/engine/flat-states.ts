// The states of a training as flat arrays in shared memory, one parameter after the other: parameters, both moments of AdamW, averages.
import type { Store, Tensor, TensorValue } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { undecayed } from "./step.ts";

/** Numbers in memory that all threads share. */
export const sharedNumbers = (count: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * count));

export type FlatStates = Awaited<ReturnType<typeof flatStates>>;

/** Copies the parameters' states from the store. `values` gives them back, for the store. */
export async function flatStates(parameters: readonly Tensor[], store: Store) {
  let numbers = 0;
  const places = parameters.map((parameter) => {
    const begin = numbers;
    numbers += t.elements(parameter.shape);
    return { name: parameter.node.name!, shape: parameter.shape, begin, end: numbers };
  });
  const averaged = store.names.includes(t.emaName(places[0]!.name));
  const read = async (entry: (name: string) => string) => {
    const all = sharedNumbers(numbers);
    for (const { name, begin } of places) all.set((await store.read(entry(name))).data as Float32Array, begin);
    return all;
  };
  const entries = {
    parameters: (name: string) => name,
    first: (name: string) => `adamw.m.${name}`,
    second: (name: string) => `adamw.v.${name}`,
    averages: t.emaName,
  };
  return {
    step: Number((await store.read("adamw.step")).data[0]),
    parameters: await read(entries.parameters),
    first: await read(entries.first),
    second: await read(entries.second),
    averages: averaged ? await read(entries.averages) : undefined,
    undecayed: places.filter(({ name }) => t.matches(name, undecayed)).map(({ begin, end }) => [begin, end] as const),
    *values(): Generator<[string, TensorValue]> {
      yield ["adamw.step", t.value(Float32Array.of(this.step), [])];
      for (const kind of ["parameters", "first", "second", "averages"] as const)
        for (const { name, shape, begin, end } of this[kind] ? places : [])
          yield [entries[kind](name), t.value(this[kind]!.subarray(begin, end), shape)];
    },
  };
}
