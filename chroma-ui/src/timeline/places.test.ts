import { expect, it } from "vitest";
import type { Frame } from "../api/bytes";
import { indexAt, placeOf, placesOf } from "./places";

const framesAt = (...epochs: (number | null)[]) => epochs.map((epoch, step) => ({ epoch, step }) as Frame);
const gapsOf = (...epochs: (number | null)[]) =>
  placesOf(framesAt(...epochs), "EPOCHS").gaps.map(({ after }) => after);

it("stands frames as far apart as their epochs, up to a width at which it says so", () => {
  const places = placesOf(framesAt(0, 1, 3, 4, 40), "EPOCHS");
  expect(places.at).toEqual([0, 1, 3, 4, 16]);
  expect(places.gaps.map(({ text }) => text)).toEqual([
    "No frame between epoch 1 and epoch 3",
    "No frame between epoch 4 and epoch 40; drawn narrower than it is",
  ]);
});

it("stands frames as far apart as their steps where epochs do not tell them apart", () => {
  const at = (...steps: number[]) =>
    placesOf(
      steps.map((step) => ({ epoch: 0, step }) as Frame),
      "EPOCHS",
    );
  expect(at(0, 100, 200, 500, 501)).toEqual({ at: [0, 1, 2, 5, 5.25], gaps: [] });
});

it("knows a schedule from a gap", () => {
  expect(gapsOf(0, 2, 4, 6, 7)).toEqual([]);
  expect(gapsOf(0, 5, 10, 14, 19)).toEqual([]);
  expect(gapsOf(0, 0, 1, 1, 2, 2)).toEqual([]);
  expect(gapsOf(null, null, null)).toEqual([]);
  expect(gapsOf(0, 5)).toEqual([]);
  expect(gapsOf(0, 2, 4, 10)).toEqual([2]);
  expect(placesOf(framesAt(0, 9, 1), "RUNS").at).toEqual([0, 1, 2]);
  expect(placesOf([], "EPOCHS").at).toEqual([]);
});

it("finds frames by place and places by frame, also between them", () => {
  const places = placesOf(framesAt(0, 1, 3), "EPOCHS");
  for (const index of [0, 0.5, 1, 1.25, 2])
    expect(indexAt(places, placeOf(places, index))).toBeCloseTo(index);
  expect(placeOf(places, 1.5)).toBe(2);
  expect(indexAt(places, 9)).toBe(2);
  expect(indexAt(places, -1)).toBe(0);
});
