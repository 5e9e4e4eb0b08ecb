import { describe, expect, it } from "vitest";
import {
  boundingBox,
  drawnPoints,
  encodeCategorical,
  encodeNumeric,
  holdMissing,
  normalise,
  type Points,
  union,
} from "./encode";

const square = { offsetX: -10, offsetY: 5, scale: 20 };
const raw = (x: number[], y: number[]) => ({ x: Uint16Array.from(x), y: Uint16Array.from(y) });
const open = { hidden: new Set<number>(), confidence: null, only: null };

function points(x: number[], y: number[], missing: number[] = []): Points {
  const present = Uint8Array.from(x, (_, i) => (missing.includes(i) ? 0 : 1));
  return {
    n: x.length,
    x: Float32Array.from(x),
    y: Float32Array.from(y),
    present,
    presentCount: x.length - missing.length,
  };
}

describe("normalise", () => {
  it("fills the view with the square of the film", () => {
    const { x, y } = normalise(raw([0, 65534, 32767], [65534, 0, 32767]), square, square);
    expect([...x]).toEqual([-1, 1, 0]);
    expect([...y]).toEqual([1, -1, 0]);
  });

  it("leaves out what has no coordinates and counts the rest", () => {
    const placed = normalise(raw([0, 65535, 10], [0, 65535, 10]), square, square);
    expect([...placed.present]).toEqual([1, 0, 1]);
    expect(placed.presentCount).toBe(2);
    expect(placed.n).toBe(3);
  });

  it("keeps points in place when a later revision spans another square", () => {
    const wider = { offsetX: -20, offsetY: -5, scale: 40 };
    // (0, 15) is the middle of the first square; in the wider one it lies here:
    const u16 = (value: number, offset: number) => Math.round(((value - offset) / 40) * 65534);
    const { x, y } = normalise(raw([u16(0, -20)], [u16(15, -5)]), wider, square);
    expect(x[0]).toBeCloseTo(0, 3);
    expect(y[0]).toBeCloseTo(0, 3);
  });
});

describe("holdMissing", () => {
  it("keeps a missing point where it was last", () => {
    const before = points([0.1, 0.2], [0.3, 0.4]);
    const held = holdMissing(points([0.5, 0], [0.6, 0], [1]), before);
    expect(held.x[0]).toBeCloseTo(0.5);
    expect(held.x[1]).toBeCloseTo(0.2);
    expect(held.y[1]).toBeCloseTo(0.4);
    expect([...held.present]).toEqual([1, 0]);
  });
});

describe("boundingBox", () => {
  it("spans the present points of all frames", () => {
    const box = union(
      boundingBox(points([-1, 9], [0, 9], [1])),
      boundingBox(points([0.5, 0.25], [-0.5, 0.75])),
    );
    expect(box).toEqual({ left: -1, right: 0.5, bottom: -0.5, top: 0.75 });
    expect(boundingBox(points([1], [1], [0]))).toBeNull();
  });
});

describe("codes", () => {
  it("gives missing categories the last code", () => {
    const { codes, missing } = encodeCategorical(Uint16Array.from([0, 2, 65535]), 3);
    expect([...codes]).toEqual([0, 2, 3]);
    expect(missing).toBe(3);
  });

  it("spreads numbers over the ramp, clamps the ends and sets NaN apart", () => {
    const { codes, missing } = encodeNumeric(Float32Array.from([-5, 0, 0.5, 1, 7, Number.NaN]), 0, 1, 10);
    expect([...codes]).toEqual([0, 0, 5, 9, 9, 10]);
    expect(missing).toBe(10);
  });

  it("does not divide by an empty range", () => {
    expect([...encodeNumeric(Float32Array.from([3, 3]), 3, 3, 10).codes]).toEqual([0, 0]);
  });
});

describe("drawnPoints", () => {
  const four = points([0, 0, 0, 0], [0, 0, 0, 0], [2]);
  const codes = Uint16Array.from([0, 1, 1, 0]);

  it("draws what is present and not hidden", () => {
    expect(drawnPoints(four, codes, open)).toEqual([0, 1, 3]);
    expect(drawnPoints(four, codes, { ...open, hidden: new Set([0]) })).toEqual([1]);
  });

  it("sieves by confidence; a point without one does not pass", () => {
    const values = Float32Array.from([0.2, 0.9, 0.9, Number.NaN]);
    expect(drawnPoints(four, codes, { ...open, confidence: { values, low: 0.5, high: 1 } })).toEqual([1]);
  });

  it("keeps to the marked points", () => {
    expect(drawnPoints(four, null, { ...open, only: Uint8Array.from([1, 0, 1, 1]) })).toEqual([0, 3]);
  });
});
