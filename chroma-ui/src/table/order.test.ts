import { describe, expect, it } from "vitest";
import type { ColumnValues } from "../api/bytes";
import { orderRows } from "./order";

const numbers = (...values: number[]): ColumnValues => ({
  kind: "numeric",
  values: Float32Array.from(values),
});
const classes = (legend: string[], ...codes: number[]): ColumnValues => ({
  kind: "categorical",
  codes: Uint16Array.from(codes),
  legend,
});
const rows = (n: number) => Uint32Array.from({ length: n }, (_, i) => i);

describe("the order of rows", () => {
  it("is that of the numbers, missing ones last either way", () => {
    const values = numbers(3, -1, Number.NaN, 0, -0, 1e30, -1e-30, Number.NEGATIVE_INFINITY);
    expect([...orderRows(rows(8), [{ values, descending: false }])]).toEqual([7, 1, 6, 3, 4, 0, 5, 2]);
    expect([...orderRows(rows(8), [{ values, descending: true }])]).toEqual([5, 0, 3, 4, 6, 1, 7, 2]);
  });

  it("is that of the names of classes, numbers in them by number", () => {
    const values = classes(["class 10", "class 9", "an ant"], 0, 1, 2, 65535, 1);
    expect([...orderRows(rows(5), [{ values, descending: false }])]).toEqual([2, 1, 4, 0, 3]);
    expect([...orderRows(rows(5), [{ values, descending: true }])]).toEqual([0, 1, 4, 2, 3]);
  });

  it("is by the first column, then by the second, of the given rows only", () => {
    const keys = [
      { values: classes(["a", "b"], 1, 0, 1, 0, 1), descending: true },
      { values: numbers(5, 4, 3, 2, 9), descending: false },
    ];
    expect([...orderRows(Uint32Array.from([0, 1, 2, 3]), keys)]).toEqual([2, 0, 3, 1]);
    expect([...orderRows(rows(3), [])]).toEqual([0, 1, 2]);
  });

  it("agrees with a comparison of random numbers", () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647 - 0.5;
    };
    const values = Float32Array.from({ length: 2_000 }, () => random() * 10 ** Math.round(20 * random()));
    const found = orderRows(rows(2_000), [{ values: { kind: "numeric", values }, descending: false }]);
    expect([...found]).toEqual([...rows(2_000)].sort((a, b) => values[a] - values[b] || a - b));
  });
});
