import { expect, it } from "vitest";
import { compareShares, meanOf, shareOf } from "./compare";

const column = {
  kind: "categorical" as const,
  codes: Uint16Array.from([0, 0, 0, 1, 1, 65535]),
  legend: ["cat", "dog", "owl"],
};
const present = Uint8Array.from([1, 1, 1, 1, 0, 1]);

it("sets the shares of a selection against the whole", () => {
  const [dog, cat, ...rest] = compareShares(column, present, Uint32Array.from([0, 3, 5]));
  expect(rest).toEqual([]);
  // one of the 4 known points is a dog, but half of the selected ones
  expect(dog).toEqual({ name: "dog", count: 1, of: 1, inside: 0.5, lift: 2 });
  expect(cat.lift).toBeCloseTo(0.5 / 0.75);
});

it("leaves unknown values out of a mean", () => {
  const values = Float32Array.from([1, Number.NaN, 3]);
  expect(meanOf({ kind: "numeric", values }, [0, 1, 2])).toBe(2);
  expect(meanOf({ kind: "numeric", values }, [1])).toBeNaN();
  expect(shareOf(Uint8Array.from([1, 0, 1]), Uint32Array.from([0, 1]))).toBe(0.5);
});
