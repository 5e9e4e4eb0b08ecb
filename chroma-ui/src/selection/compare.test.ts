import { expect, it } from "vitest";
import { compareShares, meanOf, shareOf, sortedBy, standouts } from "./compare";

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

it("tells in what a selection stands out, and leaves chance alone", () => {
  const n = 400;
  const everyone = new Uint8Array(n).fill(1);
  const selected = Uint32Array.from({ length: 100 }, (_, i) => i);
  const site = {
    kind: "categorical" as const,
    codes: Uint16Array.from({ length: n }, (_, i) => (i < 90 ? 0 : 1 + (i % 2))),
    legend: ["lima", "lagos", "osaka"],
  };
  const ink = { kind: "numeric" as const, values: Float32Array.from({ length: n }, (_, i) => i) };
  const noise = { kind: "numeric" as const, values: Float32Array.from({ length: n }, (_, i) => i % 2) };
  const found = standouts(
    new Map<string, typeof site | typeof ink>([
      ["site", site],
      ["ink", ink],
      ["noise", noise],
    ]),
    everyone,
    selected,
  );
  expect(found.map(({ column, value }) => [column, value])).toEqual([
    ["site", "lima"],
    ["ink", null],
  ]);
  expect(found[0]).toMatchObject({ inside: 0.9, all: 0.225 });
  expect(found[1]).toMatchObject({ inside: 49.5, all: 199.5 });
});

it("sorts by any column, what is missing last either way", () => {
  const selected = Uint32Array.from([0, 1, 2, 3]);
  const numbers = { kind: "numeric" as const, values: Float32Array.from([2, Number.NaN, 1, 2]) };
  expect([...sortedBy(selected, numbers, false)]).toEqual([2, 0, 3, 1]);
  expect([...sortedBy(selected, numbers, true)]).toEqual([0, 3, 2, 1]);
  const classes = {
    kind: "categorical" as const,
    codes: Uint16Array.from([1, 65535, 0, 1]),
    legend: ["a", "b"],
  };
  expect([...sortedBy(selected, classes, false)]).toEqual([2, 0, 3, 1]);
  expect([...sortedBy(selected, null, true)]).toEqual([3, 2, 1, 0]);
  const signed = { kind: "numeric" as const, values: Float32Array.from([-2, 5e8, -1e-9, 0]) };
  expect([...sortedBy(selected, signed, false)]).toEqual([0, 2, 3, 1]);
  expect([...sortedBy(selected, signed, true)]).toEqual([1, 3, 2, 0]);
});
