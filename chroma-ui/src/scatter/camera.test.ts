import { expect, it } from "vitest";
import { mixStances, placeUnder, screenTransform, stanceOf, zoomed } from "./camera";

const room = { width: 800, height: 400 };
const stance = { x: 0.5, y: -0.25, distance: 0.5 };

it("sees the whole box with a margin, whichever side is longer", () => {
  const box = { left: -1, right: 1, bottom: -0.25, top: 0.25 };
  expect(stanceOf(box, { width: 1000, height: 500 }, 0)).toEqual({ x: 0, y: 0, distance: 0.5 });
  expect(stanceOf(box, { width: 500, height: 1000 }, 0).distance).toBe(2);
  const beside = stanceOf(box, { width: 1000, height: 500 }, 0, { left: 200, top: 0, bottom: 0 });
  const { toX } = screenTransform(beside, { width: 1000, height: 500 });
  expect([toX(-1), toX(1)].map(Math.round)).toEqual([200, 1000]);
  const tall = { left: -0.25, right: 0.25, bottom: -1, top: 1 };
  const above = stanceOf(tall, { width: 1000, height: 500 }, 0, { left: 0, top: 20, bottom: 80 });
  const { toY } = screenTransform(above, { width: 1000, height: 500 });
  expect([toY(1), toY(-1)].map(Math.round)).toEqual([20, 420]);
});

it("places plot coordinates on the screen, and finds them again", () => {
  const { toX, toY } = screenTransform(stance, room);
  expect([toX(0.5), toY(-0.25)]).toEqual([400, 200]);
  expect([toX(1.5), toY(0.25)]).toEqual([800, 0]);
  const place = placeUnder(stance, room, toX(0.1), toY(0.2));
  expect(place.x).toBeCloseTo(0.1);
  expect(place.y).toBeCloseTo(0.2);
});

it("zooms about a pixel, and not without end", () => {
  const before = placeUnder(stance, room, 600, 100);
  const near = zoomed(stance, room, 4, 600, 100);
  expect(near.distance).toBeCloseTo(0.125);
  expect(placeUnder(near, room, 600, 100).x).toBeCloseTo(before.x);
  expect(placeUnder(near, room, 600, 100).y).toBeCloseTo(before.y);
  expect(zoomed(stance, room, 1e9, 0, 0).distance).toBeGreaterThan(0);
  expect(zoomed(stance, room, 1e-9, 0, 0).distance).toBeLessThan(100);
});

it("travels evenly between stances", () => {
  expect(mixStances({ x: 0, y: 0, distance: 4 }, { x: 2, y: -2, distance: 1 }, 0.5)).toEqual({
    x: 1,
    y: -1,
    distance: 2,
  });
});
