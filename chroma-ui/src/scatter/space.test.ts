import { expect, it } from "vitest";
import { placeX, placeY } from "./encode";
import { FRONT, seenFrom, turnedBy } from "./space";

const space = {
  x: Float32Array.of(0.5, 0, Number.NaN),
  y: Float32Array.of(0.25, 0, 0),
  z: Float32Array.of(0, 1, 0),
};

it("is seen from the front as the frame is", () => {
  const points = seenFrom(space, FRONT);
  expect(placeX(points, 0)).toBeCloseTo(0.5, 3);
  expect(placeY(points, 0)).toBeCloseTo(0.25, 3);
  expect([...points.present]).toEqual([1, 1, 0]);
  expect(points.presentCount).toBe(2);
});

it("brings to the side what was in front, and stops at the poles", () => {
  const points = seenFrom(space, turnedBy(FRONT, Math.PI / 2, 0));
  expect(placeX(points, 1)).toBeCloseTo(1, 3);
  expect(placeX(points, 0)).toBeCloseTo(0, 3);
  expect(turnedBy(FRONT, 0, 9).pitch).toBeCloseTo(Math.PI / 2);
  const above = seenFrom(space, turnedBy(FRONT, 0, Math.PI / 2));
  expect(placeY(above, 1)).toBeCloseTo(-1, 3);
});
