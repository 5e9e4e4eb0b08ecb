import { describe, expect, it } from "vitest";
import type { Frame } from "../api/bytes";
import { filmCurves, metricCurves, placeOfStep, rise, smoothPath, valueAt } from "./curves";

const frame = (index: number, step: number, trustworthiness: number | null = null): Frame => ({
  index,
  runId: "a",
  run: "a",
  layer: "fc1",
  epoch: index,
  step,
  digest: `${index}`,
  n: 1,
  of: 1,
  trustworthiness,
  continuity: null,
  neighborhoodHit: null,
  qualityN: null,
});
const frames = [frame(0, 10, 0.8), frame(1, 20), frame(2, 40, 0.9)];
const point = (step: number, value: number) => ({ epoch: null, step, value });

describe("curves", () => {
  it("places steps between the frames around them", () => {
    expect([10, 15, 20, 30, 40].map((step) => placeOfStep(step, frames))).toEqual([0, 0.5, 1, 1.5, 2]);
    expect(placeOfStep(9, frames)).toBeNull();
    expect(placeOfStep(41, frames)).toBeNull();
    expect(placeOfStep(5, [])).toBeNull();
  });

  it("draws the quality of frames where it is known", () => {
    const [curve, ...others] = filmCurves(frames);
    expect(others).toEqual([]);
    const [, purity] = filmCurves(frames, [0.5, null, 0.75]);
    expect(purity.points.map(({ at, value }) => [at, value])).toEqual([
      [0, 0.5],
      [2, 0.75],
    ]);
    expect(curve.points.map(({ at, value }) => [at, value])).toEqual([
      [0, 0.8],
      [2, 0.9],
    ]);
  });

  it("keeps shares on their own scale and draws losses on a shared one", () => {
    const [accuracy, validation, training] = metricCurves(
      [
        { name: "val_acc", points: [point(10, 0.25), point(40, 0.75)] },
        { name: "val_loss", points: [point(10, 4), point(40, 2)] },
        { name: "train/loss", points: [point(10, 3), point(20, Number.NaN), point(40, 0), point(90, 9)] },
      ],
      frames,
    );
    const heights = (curve: typeof accuracy) => curve.points.map(({ height }) => height);
    expect(heights(accuracy)).toEqual([0.25, 0.75]);
    expect(heights(validation)).toEqual([1, 0.5]);
    expect(heights(training)).toEqual([0.75, 0]);
    expect(rise(accuracy)).toBe(0.5);
  });

  it("says the newest value at a step", () => {
    const [curve] = metricCurves([{ name: "acc", points: [point(12, 0.1), point(30, 0.4)] }], frames);
    expect([10, 12, 29, 40].map((step) => valueAt(curve, step))).toEqual([null, 0.1, 0.1, 0.4]);
  });

  it("says that a metric diverged, and draws what can be drawn", () => {
    const points = [
      point(12, 0.1),
      { ...point(20, 0), value: "Infinity" },
      { ...point(30, 0), value: "NaN" },
    ];
    const [curve] = metricCurves([{ name: "loss", points }], frames);
    expect(curve.points.map(({ value }) => value)).toEqual([0.1]);
    expect([12, 20, 40].map((step) => valueAt(curve, step))).toEqual([
      0.1,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it("draws a line that stays flat between equal values", () => {
    expect(smoothPath([])).toBe("");
    const path = smoothPath([
      { x: 0, y: 5 },
      { x: 3, y: 5 },
      { x: 6, y: 8 },
    ]);
    expect(path).toBe("M0.0,5.0C1.0,5.0 2.0,5.0 3.0,5.0C4.0,5.0 5.0,7.0 6.0,8.0");
  });
});
