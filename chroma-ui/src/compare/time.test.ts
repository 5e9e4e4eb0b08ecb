import { expect, it } from "vitest";
import type { Frame } from "../api/bytes";
import { counterpart, leaderOf, measureOf, nameOf, placeIn } from "./time";

const film = (...epochs: (number | null)[]): Frame[] =>
  epochs.map((epoch, index) => ({ index, epoch, step: 10 * (index + 1) }) as Frame);

it("films that begin and end with the same epochs are linked by epoch", () => {
  expect(measureOf([film(0, 1, 2, 3), film(0, 3)])).toBe("epoch");
  expect(measureOf([film(0, 1, 2), film(0, 1, 2, 3)])).toBe("progress");
  expect(measureOf([film(null, null), film(null, null)])).toBe("progress");
  expect(measureOf([])).toBe("epoch");
});

it("finds the frame that stands for another film's", () => {
  const [long, short] = [film(0, 1, 2, 3, 4, 5), film(0, 2, 5)];
  expect([0, 1, 2, 4, 5].map((at) => counterpart(long, at, short, "epoch"))).toEqual([0, 0, 1, 1, 2]);
  expect([0, 1, 3, 5].map((at) => counterpart(long, at, short, "progress"))).toEqual([0, 0, 1, 2]);
  expect([0, 1, 2].map((at) => counterpart(short, at, long, "progress"))).toEqual([0, 3, 5]);
  expect(counterpart(film(0), 0, long, "progress")).toBe(5);
  expect(leaderOf([short, long])).toBe(1);
  expect([nameOf(short[1]), nameOf(film(null)[0])]).toEqual(["epoch 2", "step 10"]);
});

it("finds the place between frames that stands for another film's", () => {
  const [long, short] = [film(0, 1, 2, 3, 4, 5), film(0, 2, 5)];
  expect([0, 0.5, 1, 3.5, 5].map((at) => placeIn(long, at, short, "epoch"))).toEqual([0, 0.25, 0.5, 1.5, 2]);
  expect([0, 2.5, 5].map((at) => placeIn(long, at, short, "progress"))).toEqual([0, 1, 2]);
  expect(placeIn(short, 1.5, long, "epoch")).toBe(3.5);
  expect(placeIn(film(0), 0, long, "progress")).toBe(5);
});
