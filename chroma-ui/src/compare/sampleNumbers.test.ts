import { expect, it } from "vitest";
import { numbersOf, pointsOf, sampleNumbersOf } from "./sampleNumbers";

const NONE = 0xffffffff;

it("samples of the first split carry their position, others a number of their own", () => {
  const first = sampleNumbersOf(4, (i) => i, null, 0);
  const other = sampleNumbersOf(3, (i) => i, Uint32Array.from([2, NONE, 0]), 4);
  expect([...other.numbers]).toEqual([2, 5, 0]);
  expect(other.shared).toBe(2);
  expect([0, 1, 2].map(other.numberAt)).toEqual([2, 5, 0]);
  expect(first.numberAt(3)).toBe(3);
  expect([0, 1, 2, 5, 9].map(other.indexOf)).toEqual([2, -1, 0, 1, -1]);
  expect([...pointsOf(other, Uint32Array.from([0, 1, 2]))]).toEqual([0, 2]);
  expect([...numbersOf(other, Uint32Array.from([0, 1, 2]))]).toEqual([0, 2, 5]);
  expect([...pointsOf(first, Uint32Array.from([0, 2, 5]))]).toEqual([0, 2]);
});

it("a film of some samples knows where they stand in the split", () => {
  const some = sampleNumbersOf(2, (i) => [7, 3][i], null, 0);
  expect([...some.numbers]).toEqual([7, 3]);
  expect(some.indexOf(3)).toBe(1);
  expect(some.indexOf(0)).toBe(-1);
});

it("samples that came after the match was asked for are on their own", () => {
  expect([...sampleNumbersOf(2, (i) => i, Uint32Array.from([1]), 10).numbers]).toEqual([1, 11]);
  expect(sampleNumbersOf(0, (i) => i, null, 0).indexOf(0)).toBe(-1);
});
