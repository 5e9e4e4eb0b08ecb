import { describe, expect, it } from "vitest";
import { brokenLine, stopsOf } from "./series";

describe("stopsOf", () => {
  it("spreads values over the box, greatest at the top", () => {
    expect(stopsOf([0, 0.5, 1], [0, 1], 100, 20)).toEqual([
      { x: 0, y: 20 },
      { x: 50, y: 10 },
      { x: 100, y: 0 },
    ]);
  });

  it("keeps what is beyond the scale on its edge, and one value in the middle", () => {
    expect(stopsOf([3], [-1, 1], 100, 20)).toEqual([{ x: 50, y: 0 }]);
    expect(stopsOf([-4, null], [-1, 1], 100, 20)).toEqual([{ x: 0, y: 20 }, null]);
  });
});

describe("brokenLine", () => {
  it("breaks where a value is missing", () => {
    const stops = stopsOf([0, 1, null, 1, 0], [0, 1], 40, 10);
    expect(brokenLine(stops)).toBe("M0.0,10.0L10.0,0.0M30.0,0.0L40.0,10.0");
  });
});
