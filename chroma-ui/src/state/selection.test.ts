import { expect, it } from "vitest";
import { combine } from "./selection";

const list = (...values: number[]) => Uint32Array.from(values);

it("replaces, adds and subtracts ascending lists", () => {
  const held = list(1, 4, 6);
  expect([...combine(held, list(2, 3), "replace")]).toEqual([2, 3]);
  expect([...combine(held, list(0, 4, 5, 9), "add")]).toEqual([0, 1, 4, 5, 6, 9]);
  expect([...combine(held, list(0, 4, 9), "subtract")]).toEqual([1, 6]);
  expect([...combine(list(), list(3), "add")]).toEqual([3]);
  expect([...combine(held, held, "subtract")]).toEqual([]);
});
