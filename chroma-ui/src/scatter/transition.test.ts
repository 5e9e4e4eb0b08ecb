import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { placeX } from "./encode";
import { pointsAt } from "./pointsAt";
import { createTransition } from "./transition";

const [a, b, c] = [0, 0.5, 1].map((x) => pointsAt([[x, 0]]));
const where = (transition: ReturnType<typeof createTransition>, to: typeof a) => {
  const { from, to: next, along } = transition.moment(to);
  return placeX(from, 0) + along * (placeX(next, 0) - placeX(from, 0));
};

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

it("glides, rests, and gives the frame it left back", () => {
  const transition = createTransition();
  expect(where(transition, a)).toBeCloseTo(0, 3);
  transition.leave(a, b, 100);
  vi.advanceTimersByTime(50);
  expect(where(transition, b)).toBeCloseTo(0.25, 2);
  expect(transition.arrive()).toBeNull();
  vi.advanceTimersByTime(60);
  expect(transition.arrive()).toBe(a);
  expect(transition.rests()).toBe(true);
  expect(where(transition, b)).toBeCloseTo(0.5, 3);
});

it("turns from where the points are when another frame is asked for on the way", () => {
  const transition = createTransition();
  transition.leave(a, c, 100);
  vi.advanceTimersByTime(50);
  transition.leave(c, a, 100);
  expect(where(transition, a)).toBeCloseTo(0.5, 2);
  vi.advanceTimersByTime(200);
  transition.arrive();
  expect(where(transition, a)).toBeCloseTo(0, 3);
});

it("holds points by hand and lets them go", () => {
  const transition = createTransition();
  transition.hold({ from: a, to: c, along: 0.3 }, a, 0);
  expect(transition.rests()).toBe(false);
  expect(where(transition, a)).toBeCloseTo(0.3, 3);
  transition.hold(null, a, 100);
  expect(where(transition, a)).toBeCloseTo(0.3, 2);
  vi.advanceTimersByTime(150);
  expect(transition.arrive()).not.toBeNull();
  expect(transition.rests()).toBe(true);
});

it("jumps without time", () => {
  const transition = createTransition();
  expect(transition.leave(a, b, 0)).toBeNull();
  expect(transition.rests()).toBe(true);
});
