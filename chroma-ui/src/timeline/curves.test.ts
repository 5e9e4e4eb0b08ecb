import { describe, expect, it } from "vitest";
import type { Frame } from "../api/bytes";
import {
  drawnAtFirst,
  filmCurves,
  inOrder,
  metricCurves,
  piecesOf,
  placeOfStep,
  readingAt,
  rise,
  smoothPath,
  stepAt,
  valueAt,
} from "./curves";
import { groupOf } from "./groups";
import { heightIn, scaleFor } from "./scales";

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
  spread: null,
  effectiveRank: null,
  equal: null,
  explained: null,
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
    const [, agreement] = filmCurves(frames, [0.5, null, 0.75]);
    expect(agreement.points.map(({ at, value }) => [at, value])).toEqual([
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

  it("says which value is of the frame, and which of an earlier one", () => {
    const [curve] = metricCurves([{ name: "acc", points: [point(12, 0.1), point(18, 0.3)] }], frames);
    expect([0, 1, 2].map((index) => readingAt(curve, frames, index))).toEqual([
      null,
      { step: 18, value: 0.3, earlier: false },
      { step: 18, value: 0.3, earlier: true },
    ]);
    const [quality] = filmCurves(frames);
    expect([0, 1].map((index) => readingAt(quality, frames, index)?.value)).toEqual([0.8, undefined]);
  });

  it("says that a metric diverged, and draws what can be drawn", () => {
    const points = [
      point(12, 0.1),
      { ...point(20, 0), value: "Infinity" },
      { ...point(30, 0), value: "NaN" },
      point(35, 0.2),
      point(40, 0.3),
    ];
    const [curve] = metricCurves([{ name: "loss", points }], frames);
    expect(curve.broken.map(({ value }) => value)).toEqual([Number.POSITIVE_INFINITY, Number.NaN]);
    expect(piecesOf(curve, []).map((piece) => piece.map(({ step }) => step))).toEqual([[12], [35, 40]]);
    expect(readingAt(curve, frames.slice(0, 2), 1)?.value).toBe(Number.POSITIVE_INFINITY);
  });

  it("lists every metric, also one that is never drawn", () => {
    const nothing = [{ ...point(20, 0), value: "NaN" }];
    const names = Array.from({ length: 30 }, (_, i) => `metric ${i}`);
    const listed = metricCurves(
      [
        { name: "test_acc", points: [point(90, 0.97)] },
        { name: "broken", points: nothing },
        ...names.map((name) => ({ name, points: [point(10, 1)] })),
      ],
      frames,
    );
    expect(listed.map(({ name }) => name)).toEqual(["test_acc", "broken", ...names]);
    expect(readingAt(listed[1], frames, 1)?.value).toBeNaN();
    expect(listed[0].values).toEqual([{ step: 90, value: 0.97 }]);
    const many = Array.from({ length: 200_000 }, (_, i) => point(10 + i / 1e4, i));
    expect(metricCurves([{ name: "loss", points: many }], frames)[0].points.at(-1)?.height).toBe(1);
  });

  it("breaks the line of the frames where epochs are missing", () => {
    const [curve] = filmCurves([frame(0, 10, 0.8), frame(1, 20, 0.8), frame(6, 40, 0.9)]);
    expect(piecesOf(curve, [{ after: 1 }]).map((piece) => piece.length)).toEqual([2, 1]);
  });

  it("draws effective rank and spread to the scale of their greatest value, beside trustworthiness", () => {
    const grown = frames.map((each, i) => ({ ...each, effectiveRank: 4 * i, spread: 0.1 * i }));
    const beside = filmCurves(grown).slice(1);
    expect(beside.map(({ name, points }) => [name, points.map(({ height }) => height)])).toEqual([
      ["effective rank", [0, 0.5, 1]],
      ["spread", [0, 0.1, 0.2]],
    ]);
  });

  it("draws positive values that differ by more than a factor of 100 by their logarithm", () => {
    const scale = scaleFor([1, 0.001]);
    expect(scale).toEqual({ low: 0, high: 1, log: false });
    const wide = scaleFor([1000, 10, 0.1]);
    expect(wide.log).toBe(true);
    expect([0.1, 10, 1000].map((value) => heightIn(wide, value))).toEqual([0, 0.5, 1]);
    expect(scaleFor([0, 1000]).log).toBe(false);
    expect(heightIn(scaleFor([7, 7]), 7)).toBe(0.5);
  });

  it("lists losses and accuracies first and what the machine did last", () => {
    const logged = [
      "train_samples_per_second",
      "lr-Adam",
      "grad_norm",
      "val/acc_top1",
      "eval_runtime",
      "train_loss",
    ];
    const all = [
      ...filmCurves(frames),
      ...metricCurves(
        logged.map((name) => ({ name, points: [point(10, 2), point(40, 3)] })),
        frames,
      ),
    ];
    const ordered = inOrder(all);
    expect(ordered.map(({ name }) => name)).toEqual([
      "train_loss",
      "val/acc_top1",
      "trustworthiness",
      "grad_norm",
      "train_samples_per_second",
      "lr-Adam",
      "eval_runtime",
    ]);
    expect([...drawnAtFirst(ordered)]).toEqual([
      "train_loss",
      "val/acc_top1",
      "trustworthiness",
      "grad_norm",
    ]);
    expect(
      ["valLoss", "cross_entropy", "eval_f1", "epoch_time", "learning_rate", "agreement"].map(groupOf),
    ).toEqual(["loss", "loss", "accuracy", "machine", "machine", "metric"]);
  });

  it("says the value under the pointer: of the nearest frame, or what was logged last by then", () => {
    const [quality] = filmCurves(frames);
    expect([0.2, 1, 1.8].map((at) => valueAt(quality, frames, at))).toEqual([0.8, null, 0.9]);
    const [loss] = metricCurves([{ name: "loss", points: [point(12, 5), point(30, 4)] }], frames);
    expect(stepAt(1.5, frames)).toBe(30);
    expect([0, 1.4, 1.5, 2].map((at) => valueAt(loss, frames, at))).toEqual([null, 5, 4, 4]);
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
