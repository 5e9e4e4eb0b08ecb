import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { placeX } from "./encode";
import { createFlight } from "./flight";
import { pointsAt } from "./pointsAt";

const [a, b, c] = [0, 0.5, 1].map((x) => pointsAt([[x, 0]]));
const where = (flight: ReturnType<typeof createFlight>, to: typeof a) => {
  const { from, to: next, along } = flight.moment(to);
  return placeX(from, 0) + along * (placeX(next, 0) - placeX(from, 0));
};

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

it("glides, rests, and gives the frame it left back", () => {
  const flight = createFlight();
  expect(where(flight, a)).toBeCloseTo(0, 3);
  flight.leave(a, b, 100);
  vi.advanceTimersByTime(50);
  expect(where(flight, b)).toBeCloseTo(0.25, 2);
  expect(flight.arrive()).toBeNull();
  vi.advanceTimersByTime(60);
  expect(flight.arrive()).toBe(a);
  expect(flight.rests()).toBe(true);
  expect(where(flight, b)).toBeCloseTo(0.5, 3);
});

it("turns from where the points are when another frame is asked for on the way", () => {
  const flight = createFlight();
  flight.leave(a, c, 100);
  vi.advanceTimersByTime(50);
  flight.leave(c, a, 100);
  expect(where(flight, a)).toBeCloseTo(0.5, 2);
  vi.advanceTimersByTime(200);
  flight.arrive();
  expect(where(flight, a)).toBeCloseTo(0, 3);
});

it("holds points by hand and lets them go", () => {
  const flight = createFlight();
  flight.hold({ from: a, to: c, along: 0.3 }, a, 0);
  expect(flight.rests()).toBe(false);
  expect(where(flight, a)).toBeCloseTo(0.3, 3);
  flight.hold(null, a, 100);
  expect(where(flight, a)).toBeCloseTo(0.3, 2);
  vi.advanceTimersByTime(150);
  expect(flight.arrive()).not.toBeNull();
  expect(flight.rests()).toBe(true);
});

it("jumps without time", () => {
  const flight = createFlight();
  expect(flight.leave(a, b, 0)).toBeNull();
  expect(flight.rests()).toBe(true);
});
