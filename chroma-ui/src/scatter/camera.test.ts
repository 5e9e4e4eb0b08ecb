import { expect, it } from "vitest";
import { screenTransform, stanceOf } from "./camera";
import { clusterMedians } from "./clusters";

it("sees the whole box with a margin, whichever side is longer", () => {
  const box = { left: -1, right: 1, bottom: -0.25, top: 0.25 };
  expect(stanceOf(box, 1000, 500, 0)).toEqual({ x: 0, y: 0, distance: 0.5 });
  expect(stanceOf(box, 500, 1000, 0).distance).toBe(2);
});

it("places plot coordinates on the screen", () => {
  const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const { toX, toY } = screenTransform(identity, 800, 400);
  expect([toX(0, 0), toY(0, 0)]).toEqual([400, 200]);
  expect([toX(2, 1), toY(2, 1)]).toEqual([800, 0]);
});

it("names a group at its median and leaves tiny groups unnamed", () => {
  const x = Float32Array.from([0, 0, 0, 0.5, 0.5, 0.5, 0.5, 9, 1]);
  const points = { n: 9, x, y: x, present: new Uint8Array(9).fill(1), presentCount: 9 };
  const codes = Uint16Array.from([0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const drawn = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  expect(clusterMedians(points, codes, drawn, 2)).toEqual([{ code: 0, size: 8, x: 0.5, y: 0.5 }]);
});
