import { expect, it } from "vitest";
import { bandwidthOf, clusterContours, clusterMedians, groupsAmong, thinned } from "./clusters";
import { type Points, placeBetween } from "./encode";
import { pointsAt } from "./pointsAt";

const all = (n: number) => Uint32Array.from({ length: n }, (_, i) => i);
/** n positions on a spiral around (x, y), at most `reach` away. */
const blob = (n: number, x: number, y: number, reach: number): [number, number][] =>
  Array.from({ length: n }, (_, i) => {
    const away = reach * Math.sqrt((i + 0.5) / n);
    return [x + away * Math.cos(i * 2.4), y + away * Math.sin(i * 2.4)];
  });
const at = (points: Points) => placeBetween({ from: points, to: points, along: 1 });
const reachOf = (rings: [number, number][][], x: number, y: number) =>
  Math.max(...rings.flat().map(([px, py]) => Math.hypot(px - x, py - y)));

it("names a group at its median and leaves tiny groups unnamed", () => {
  const values = [0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.9, 0.25];
  const points = pointsAt(values.map((value) => [value, value]));
  const codes = Uint16Array.from([0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const [named, ...others] = clusterMedians(groupsAmong(codes, all(9), 2), ...at(points));
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
  const [outer, inner] = clusterContours(groupsAmong(new Uint16Array(n), all(n), 1), ...at(points));
  expect(outer.rings.length).toBeGreaterThan(0);
  const out = reachOf(outer.rings, 0.3, -0.2);
  expect(out).toBeGreaterThan(reach);
  expect(out).toBeLessThan(n > 100 ? 1.7 * reach + 0.02 : reach + 0.18);
  expect(reachOf(inner.rings, 0.3, -0.2)).toBeLessThan(out);
});

it("looks at some of the points of a large group, spread evenly", () => {
  const codes = Uint16Array.from({ length: 1000 }, (_, i) => (i % 10 === 0 ? 1 : 0));
  const [large, small] = groupsAmong(codes, all(1000), 2, 90);
  expect(large).toMatchObject({ code: 0, size: 900 });
  expect(large.few).toHaveLength(90);
  expect(large.few[0]).toBe(1);
  expect(large.few[89]).toBeGreaterThan(980);
  expect([...small.few.slice(0, 2)]).toEqual([0, 20]);
  expect(small.size).toBe(100);
  expect(thinned([large], 30)[0].few).toHaveLength(30);
});

it("follows points on their way", () => {
  const from = pointsAt(blob(60, -0.5, 0, 0.1));
  const to = pointsAt(blob(60, 0.5, 0, 0.1));
  const groups = groupsAmong(new Uint16Array(60), all(60), 1);
  const [outer] = clusterContours(groups, ...placeBetween({ from, to, along: 0.5 }));
  // half-way: the contour lies around the middle, and touches neither end
  expect(reachOf(outer.rings, 0, 0)).toBeLessThan(0.4);
});
