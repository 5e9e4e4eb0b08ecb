import { describe, expect, it } from "vitest";
import { pointsAt } from "../scatter/pointsAt";
import { indexAt, indicesAt, positionsOf } from "./positions";

const points = pointsAt([
  [0, 0],
  [0.1, 0],
  [0.2, 0],
]);

describe("positions", () => {
  it("are the points' own where a film shows all samples", () => {
    const shown = { position: null, points };
    expect(indexAt(shown, 2)).toBe(2);
    expect(indexAt(shown, 3)).toBe(-1);
    expect([...indicesAt(shown, Uint32Array.of(0, 2, 7))]).toEqual([0, 2]);
  });

  it("are looked up where it shows picked ones", () => {
    const shown = { position: { kind: "numeric" as const, values: Float32Array.of(1, 4, 9) }, points };
    expect([0, 1, 4, 9, 10].map((at) => indexAt(shown, at))).toEqual([-1, 0, 1, 2, -1]);
    const positions = Uint32Array.of(0, 4, 9);
    expect([...indicesAt(shown, positions)]).toEqual([1, 2]);
    expect(indicesAt(shown, positions)).toBe(indicesAt(shown, positions));
    expect([...positionsOf(shown, Uint32Array.of(0, 2))]).toEqual([1, 9]);
  });
});
