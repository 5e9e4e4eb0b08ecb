import { expect, it } from "vitest";
import { placeOf } from "./useFocus";

it("finds positions among those of a film", () => {
  const places = Float32Array.from([0, 3, 4, 900_001]);
  expect([0, 3, 4, 900_001].map((wanted) => placeOf(places, wanted))).toEqual([0, 1, 2, 3]);
  expect([1, 5, 900_002].map((wanted) => placeOf(places, wanted))).toEqual([-1, -1, -1]);
  expect(placeOf(new Float32Array(0), 0)).toBe(-1);
});
