import { expect, test } from "vitest";
import { createStore } from "./store.ts";
import { value } from "./types.ts";

const initial = () => createStore([["a.weight", value(Float32Array.of(1, 2), [2, 1])]]);

test("holds copies and gives copies", async () => {
  const numbers = Float32Array.of(1, 2);
  const store = createStore([["a", value(numbers)]]);
  numbers[0] = 9;
  const read = await store.read("a");
  expect(read).toEqual(value(Float32Array.of(1, 2)));
  read.data[1] = 9;
  expect(await store.read("a")).toEqual(value(Float32Array.of(1, 2)));
});

test("types are kept; new names are added", async () => {
  const store = initial();
  expect(store.names).toEqual(["a.weight"]);
  expect(store.type("a.weight")).toMatchObject({ dtype: "f32", shape: [2, 1] });
  await expect(store.write([["a.weight", value(new Float32Array(2))]])).rejects.toThrow(
    'Store "a.weight": expected f32 [2, 1], got f32 [2]',
  );
  await expect(store.write([["a.weight", value(new Int32Array(2), [2, 1])]])).rejects.toThrow("got i32 [2, 1]");
  await expect(store.write([["b", { dtype: "f32", shape: [3], data: new Float32Array(2) }]])).rejects.toThrow(
    'Store "b": expected numbers of f32 [3], got Float32Array(2)',
  );
  await store.write([["b", value(BigInt64Array.of(7n), [])]]);
  expect(store.names).toEqual(["a.weight", "b"]);
  expect(Object.fromEntries(await store.readAll())).toEqual({
    "a.weight": value(Float32Array.of(1, 2), [2, 1]),
    b: value(BigInt64Array.of(7n), []),
  });
});

test("a wrong value among several changes nothing", async () => {
  const store = initial();
  const values = [
    ["a.weight", value(Float32Array.of(8, 9), [2, 1])],
    ["b", { dtype: "f32", shape: [3], data: new Float32Array(2) }],
  ] as const;
  await expect(store.write(values)).rejects.toThrow('Store "b"');
  expect(await store.read("a.weight")).toEqual(value(Float32Array.of(1, 2), [2, 1]));
});

test("what is removed is gone, and its name is free", async () => {
  const store = initial();
  await store.remove(["a.weight"]);
  expect(store.names).toEqual([]);
  await store.write([["a.weight", value(Int32Array.of(1))]]);
  expect(store.type("a.weight")).toMatchObject({ dtype: "i32", shape: [1] });
  await expect(store.remove(["b"])).rejects.toThrow('The store has no "b"; it holds a.weight');
});

test("a name that is not there", async () => {
  await expect(initial().read("weight")).rejects.toThrow('The store has no "weight"; it holds a.weight');
  expect(() => createStore().type("x")).toThrow('The store has no "x"; it holds nothing');
});

test("whoever has the store to itself comes one after the other, also after a failure", async () => {
  const store = initial();
  const order: string[] = [];
  const turn = (name: string, milliseconds: number) =>
    store.exclusively(async () => {
      order.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      order.push(`${name} out`);
      if (name === "first") throw new Error("failed");
    });
  const turns = await Promise.allSettled([turn("first", 5), turn("second", 1)]);
  expect(turns.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(order).toEqual(["first in", "first out", "second in", "second out"]);
});

test("after release it holds nothing", () => {
  const store = initial();
  store.release();
  expect(store.names).toEqual([]);
});
