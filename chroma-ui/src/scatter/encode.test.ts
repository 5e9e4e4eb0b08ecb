import { describe, expect, it } from "vitest";
import {
  between,
  boundingBox,
  drawnPoints,
  encodeCategorical,
  encodeNumeric,
  placed,
  placeX,
  placeY,
  union,
} from "./encode";
import { pointsAt } from "./pointsAt";

const square = { offsetX: -10, offsetY: 5, scale: 20 };
const raw = (x: number[], y: number[]) => ({ x: Uint16Array.from(x), y: Uint16Array.from(y) });

const spots = (points: ReturnType<typeof placed>) =>
  Array.from(points.x, (_, i) => [placeX(points, i), placeY(points, i)]);

describe("placed", () => {
  it("fills the view with the square of the film", () => {
    expect(spots(placed(raw([0, 65534, 32767], [65534, 0, 32767]), square, square))).toEqual([
      [-1, 1],
      [1, -1],
      [0, 0],
    ]);
  });

  it("marks what has no coordinates and counts the rest", () => {
    const points = placed(raw([0, 65535, 10], [0, 65535, 10]), square, square);
    expect([...points.present]).toEqual([1, 0, 1]);
    expect(points.presentCount).toBe(2);
    expect(points.n).toBe(3);
  });

  it("keeps points in place when a later revision spans another square", () => {
    const wider = { offsetX: -20, offsetY: -5, scale: 40 };
    // (0, 15) is the middle of the first square; in the wider one it lies here:
    const u16 = (value: number, offset: number) => Math.round(((value - offset) / 40) * 65534);
    const [[x, y]] = spots(placed(raw([u16(0, -20)], [u16(15, -5)]), wider, square));
    expect(x).toBeCloseTo(0, 3);
    expect(y).toBeCloseTo(0, 3);
  });
});

describe("between", () => {
  it("places points a share of the way, on any two grids", () => {
    const from = placed(raw([0], [0]), { offsetX: -20, offsetY: -5, scale: 40 }, square);
    const to = pointsAt([[1, 1]]);
    const half = between(from, to, 0.5);
    expect(placeX(half, 0)).toBeCloseTo(-0.5, 3);
    expect(placeX(between(pointsAt([[-1, 0]]), to, 0.25), 0)).toBeCloseTo(-0.5, 3);
  });

  it("leaves what was missing where it goes, and keeps what will be missing", () => {
    const some = between(pointsAt([null, [0, 0]]), pointsAt([[0.5, 0.5], null]), 0.1);
    expect(placeX(some, 0)).toBeCloseTo(0.5, 3);
    expect([...some.present]).toEqual([1, 0]);
  });
});

describe("boundingBox", () => {
  it("spans the present points of all frames", () => {
    const box = union(
      boundingBox(pointsAt([[-1, 0], null])),
      boundingBox(
        pointsAt([
          [0.5, -0.5],
          [0.25, 0.75],
        ]),
      ),
    );
    expect(box?.left).toBeCloseTo(-1, 3);
    expect(box?.right).toBeCloseTo(0.5, 3);
    expect(box?.bottom).toBeCloseTo(-0.5, 3);
    expect(box?.top).toBeCloseTo(0.75, 3);
    expect(boundingBox(pointsAt([null]))).toBeNull();
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

it("draws what is present, not hidden and not filtered out", () => {
  const four = pointsAt([[0, 0], [0, 0], null, [0, 0]]);
  const codes = Uint16Array.from([0, 1, 1, 0]);
  const drawn = (hidden: number[], fails: number[]) => [
    ...drawnPoints(four, codes, new Set(hidden), Uint8Array.from(fails)),
  ];
  expect(drawn([], [0, 0, 0, 0])).toEqual([0, 1, 3]);
  expect(drawn([0], [0, 0, 0, 0])).toEqual([1]);
  expect(drawn([], [1, 0, 0, 0])).toEqual([1, 3]);
});
