import { expect, it } from "vitest";
import { bandwidthOf, clusterContours, clusterMedians } from "./clusters";
import { pointsAt } from "./pointsAt";

const all = (n: number) => Uint32Array.from({ length: n }, (_, i) => i);
/** n places on a spiral around (x, y), at most `reach` away. */
const blob = (n: number, x: number, y: number, reach: number): [number, number][] =>
  Array.from({ length: n }, (_, i) => {
    const away = reach * Math.sqrt((i + 0.5) / n);
    return [x + away * Math.cos(i * 2.4), y + away * Math.sin(i * 2.4)];
  });
const reachOf = (rings: [number, number][][], x: number, y: number) =>
  Math.max(...rings.flat().map(([px, py]) => Math.hypot(px - x, py - y)));

it("names a group at its median and leaves tiny groups unnamed", () => {
  const values = [0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.9, 0.25];
  const points = pointsAt(values.map((value) => [value, value]));
  const codes = Uint16Array.from([0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const [named, ...others] = clusterMedians(points, codes, all(9), 2);
  expect(others).toEqual([]);
  expect(named).toMatchObject({ code: 0, size: 8 });
  expect(named.x).toBeCloseTo(0.5, 3);
});

it("takes a kernel as wide as the points are apart", () => {
  const width = (n: number, reach: number) => {
    const places = blob(n, 0, 0, reach);
    return bandwidthOf(
      Float32Array.from(places, ([x]) => x),
      Float32Array.from(places, ([, y]) => y),
    );
  };
  expect(width(300, 0.1)).toBeLessThan(0.5 * width(300, 0.4));
  expect(width(2000, 0.4)).toBeLessThan(width(100, 0.4));
});

it.each([
  [400, 0.04],
  [400, 0.4],
  [12, 0.05],
])("draws lines close around %i points within %f", (n, reach) => {
  const points = pointsAt(blob(n, 0.3, -0.2, reach));
  const [outer, inner] = clusterContours(points, new Uint16Array(n), all(n), 1);
  expect(outer.rings.length).toBeGreaterThan(0);
  const out = reachOf(outer.rings, 0.3, -0.2);
  expect(out).toBeGreaterThan(reach);
  expect(out).toBeLessThan(n > 100 ? 1.7 * reach + 0.02 : reach + 0.18);
  expect(reachOf(inner.rings, 0.3, -0.2)).toBeLessThan(out);
});
