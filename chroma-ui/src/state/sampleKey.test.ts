import { expect, it } from "vitest";
import { keyOf, sampleOf } from "./sampleKey";

const SPLITS = ["train", "val", "test"];

it("tells samples at the same position of different splits apart", () => {
  const samples = SPLITS.map((split) => ({ split, position: 7 }));
  const keys = samples.map((sample) => keyOf(SPLITS, sample) ?? -1);
  expect(new Set(keys).size).toBe(3);
  expect(keys.map((key) => sampleOf(SPLITS, key))).toEqual(samples);
  expect([...keys].sort((a, b) => a - b)).toEqual(keys);
});

it("is the position in a film of one split", () => {
  expect(keyOf(["val"], { split: "val", position: 12 })).toBe(12);
  expect(sampleOf(["val"], 12)).toEqual({ split: "val", position: 12 });
});

it("has no key for a sample of another split", () => {
  expect(keyOf(["train", "val"], { split: "test", position: 0 })).toBeNull();
});
