import { describe, expect, it } from "vitest";
import { nearest, sortIntoCells, within } from "./picking";
import { pointsAt } from "./pointsAt";

// A lattice of 40 × 25 points, 0.04 apart.
const places = Array.from({ length: 1000 }, (_, i): [number, number] => [
  -0.8 + (i % 40) * 0.04,
  -0.5 + Math.floor(i / 40) * 0.04,
]);
const lattice = pointsAt(places);
const all = Uint32Array.from({ length: 1000 }, (_, i) => i);

describe("nearest", () => {
  const cells = sortIntoCells(lattice);
  if (!cells) throw new Error("the lattice has points");
  const marks = new Uint8Array(1000).fill(1);

  it("finds every point from beside it", () => {
    for (let i = 0; i < 1000; i += 7) {
      const [x, y] = places[i];
      expect(nearest(cells, marks, { x: x + 0.011, y: y - 0.012 }, 0.02)).toBe(i);
    }
  });

  it("finds nothing out of reach, outside of the film, or hidden", () => {
    expect(nearest(cells, marks, { x: -0.78, y: -0.48 }, 0.02)).toBeNull();
    expect(nearest(cells, marks, { x: 5, y: 5 }, 0.1)).toBeNull();
    const hidden = marks.slice().fill(0, 0, 1);
    expect(nearest(cells, hidden, { x: -0.8, y: -0.5 }, 0.02)).toBeNull();
    expect(nearest(cells, hidden, { x: -0.79, y: -0.5 }, 0.05)).toBe(1);
  });

  it("takes a single point, and a film without any", () => {
    const one = sortIntoCells(pointsAt([[0.2, 0.2], null]));
    expect(one && nearest(one, Uint8Array.from([1, 1]), { x: 0.2, y: 0.21 }, 0.05)).toBe(0);
    expect(sortIntoCells(pointsAt([null]))).toBeNull();
  });
});

describe("within", () => {
  it("selects what a slanted path holds", () => {
    const path = [
      { x: -0.9, y: -0.6 },
      { x: 0.9, y: -0.6 },
      { x: -0.9, y: 0.6 },
    ];
    const expected = [...all].filter((i) => places[i][0] / 0.9 + places[i][1] / 0.6 < 0);
    expect([...within(lattice, all, path)]).toEqual(expected);
  });

  it("leaves the hole of a crossing path out, and hidden points", () => {
    const star = [0, 2, 4, 1, 3].map((corner) => ({
      x: 0.5 * Math.sin((corner * 2 * Math.PI) / 5),
      y: 0.5 * Math.cos((corner * 2 * Math.PI) / 5),
    }));
    const middle = pointsAt([
      [0, 0],
      [0, 0.4],
    ]);
    expect([...within(middle, Uint32Array.from([0, 1]), star)]).toEqual([1]);
    expect([...within(middle, Uint32Array.from([0]), star)]).toEqual([]);
  });
});
