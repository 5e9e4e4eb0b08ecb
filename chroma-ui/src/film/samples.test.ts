import { describe, expect, it } from "vitest";
import { pointsAt } from "../scatter/pointsAt";
import { keyOf } from "../state/sampleKey";
import { keysFrom } from "./keys";
import { indexAt, indicesAt, keysAt, sampleAt } from "./samples";

const points = pointsAt([
  [0, 0],
  [0.1, 0],
  [0.2, 0],
]);
const numeric = (...values: number[]) => ({ kind: "numeric" as const, values: Float32Array.from(values) });

describe("samples of points", () => {
  it("are the points' own numbers where a film shows all samples of a split", () => {
    const shown = { keys: null, points };
    expect(indexAt(shown, 2)).toBe(2);
    expect(indexAt(shown, 3)).toBe(-1);
    expect([...indicesAt(shown, Uint32Array.of(0, 2, 7))]).toEqual([0, 2]);
  });

  it("are looked up where it shows picked ones", () => {
    const shown = { keys: keysFrom(["val"], numeric(1, 4, 9), null), points };
    expect([0, 1, 4, 9, 10].map((at) => indexAt(shown, at))).toEqual([-1, 0, 1, 2, -1]);
    const wanted = Uint32Array.of(0, 4, 9);
    expect([...indicesAt(shown, wanted)]).toEqual([1, 2]);
    expect(indicesAt(shown, wanted)).toBe(indicesAt(shown, wanted));
    expect([...keysAt(shown, Uint32Array.of(0, 2))]).toEqual([1, 9]);
  });

  it("are of their own split where a film shows several", () => {
    const splits = ["train", "val"];
    // The legend need not have the order of the points.
    const split = { kind: "categorical" as const, codes: Uint16Array.of(1, 1, 0), legend: ["val", "train"] };
    const position = numeric(0, 1, 0);
    const keys = keysFrom(splits, position, split);
    const shown = { keys, points, film: { splits } };
    expect([0, 1, 2].map((at) => sampleAt(shown, at))).toEqual([
      { split: "train", position: 0 },
      { split: "train", position: 1 },
      { split: "val", position: 0 },
    ]);
    expect(indexAt(shown, keyOf(splits, { split: "val", position: 0 }) ?? -1)).toBe(2);
    expect(indexAt(shown, keyOf(splits, { split: "val", position: 1 }) ?? -1)).toBe(-1);
    expect(keysFrom(splits, position, split)).toBe(keys);
  });
});
