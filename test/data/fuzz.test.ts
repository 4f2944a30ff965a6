import { expect, test } from "vitest";
import { fuzz } from "./fuzz.ts";

test("damage of any kind ends in an error that names the dataset, soon and in little memory", async () => {
  const { unnamed, slowestSeconds, largestMegabytes } = await fuzz(120, 11);
  expect(unnamed).toEqual([]);
  expect(slowestSeconds).toBeLessThan(30);
  expect(largestMegabytes).toBeLessThan(2048);
}, 120_000);
