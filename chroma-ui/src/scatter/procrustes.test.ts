import { describe, expect, it } from "vitest";
import { MISSING_U16, type Points, placeX, placeY } from "./encode";
import { type Cloud, laid, procrustes } from "./procrustes";

const cloud = (pairs: readonly (readonly [number, number])[]): Cloud => ({
  x: Float64Array.from(pairs, ([x]) => x),
  y: Float64Array.from(pairs, ([, y]) => y),
});
const SHAPE = [
  [0, 0],
  [4, 0],
  [4, 1],
  [0, 2],
  [-1, -3],
] as const;

/** Turned by degrees and scaled, after mirroring at the horizontal axis. */
const moved = (degrees: number, scale: number, mirrored: boolean) => {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return SHAPE.map(([x, y]) => {
    const up = mirrored ? -y : y;
    return [scale * (c * x - s * up) + 7, scale * (s * x + c * up) - 2] as const;
  });
};

// scipy.spatial.procrustes; the scale is that of orthogonal_procrustes times the ratio of the norms
const SCIPY = { disparity: 0.06897950902820049, scale: 0.903791310339433 };

describe("procrustes", () => {
  it.each([
    [30, 0.5, false],
    [-120, 3, false],
    [75, 1.25, true],
  ])("finds what was done to a shape: %s°, %s, mirrored %s", (degrees, scale, mirrored) => {
    const fit = procrustes(cloud(moved(degrees, scale, mirrored)), cloud(SHAPE));
    expect(fit?.similarity.mirrored).toBe(mirrored);
    expect(fit?.angle).toBeCloseTo(degrees);
    expect(fit?.scale).toBeCloseTo(scale);
    expect(fit?.residual).toBeCloseTo(0);
  });

  it("leaves over what SciPy's procrustes leaves over", () => {
    const other = [
      [1, 2],
      [3, 1],
      [5, 2],
      [0, 4],
      [-2, -1],
    ] as const;
    const fit = procrustes(cloud(SHAPE), cloud(other));
    expect(fit?.residual).toBeCloseTo(SCIPY.disparity, 6);
    expect(fit?.scale).toBeCloseTo(SCIPY.scale, 6);
  });

  it("says nothing of fewer than three points, or of points in one place", () => {
    expect(procrustes(cloud(SHAPE.slice(0, 2)), cloud(SHAPE.slice(0, 2)))).toBeNull();
    expect(procrustes(cloud(SHAPE), cloud(SHAPE.map(() => [1, 1] as const)))).toBeNull();
  });
});

describe("laid", () => {
  it("moves points to where the similarity puts them; a missing one stays missing", () => {
    const x = Uint16Array.of(0, 65534, 32767, MISSING_U16);
    const y = Uint16Array.of(0, 0, 65534, MISSING_U16);
    const grid = { left: -1, bottom: -1, step: 2 / 65534 };
    const points: Points = { n: 4, x, y, grid, present: Uint8Array.of(1, 1, 1, 0), presentCount: 3 };
    const done = laid(points, { a: 0, b: 2, dx: 1, dy: 0, mirrored: true });
    const places = [0, 1, 2].map((i) => [placeX(done, i), placeY(done, i)]);
    const wanted = [
      [-1, -2],
      [-1, 2],
      [3, 0],
    ];
    for (const [at, place] of places.entries())
      for (const way of [0, 1]) expect(place[way]).toBeCloseTo(wanted[at][way], 3);
    expect([...done.present]).toEqual([1, 1, 1, 0]);
    expect(done.x[3]).toBe(MISSING_U16);
  });
});
