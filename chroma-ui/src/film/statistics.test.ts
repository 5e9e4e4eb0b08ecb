import { describe, expect, it } from "vitest";
import { countCodes, histogram, knownSorted, shareRight, valueRange, wrongPoints } from "./statistics";

const column = (codes: number[], legend: string[]) => ({
  kind: "categorical" as const,
  codes: Uint16Array.from(codes),
  legend,
});
const present = (...marks: number[]) => Uint8Array.from(marks);

// The two legends name the same classes in another order.
const label = column([0, 0, 1, 1, 65535], ["cat", "dog"]);
const prediction = column([1, 0, 0, 65535, 0], ["dog", "cat"]);

describe("counts", () => {
  it("counts present points only", () => {
    expect(countCodes(Uint16Array.from([0, 1, 1, 2]), present(1, 1, 0, 1), 3)).toEqual([1, 1, 1]);
  });
});

describe("accuracy", () => {
  it("compares classes by name", () => {
    expect([...wrongPoints(label, prediction)]).toEqual([0, 1, 0, 0, 0]);
  });

  it("rates each label over the points whose prediction is known", () => {
    expect(shareRight(label, label, prediction, present(1, 1, 1, 1, 1))).toEqual([0.5, 1]);
  });

  it("rates each prediction, and leaves out missing points", () => {
    expect(shareRight(prediction, label, prediction, present(1, 0, 1, 1, 1))).toEqual([1, 1]);
    expect(shareRight(prediction, label, prediction, present(0, 1, 0, 1, 1))).toEqual([0, null]);
  });
});

describe("histogram", () => {
  it("bins values, with the ends in the outermost bins and without NaN", () => {
    const values = Float32Array.from([-1, 0, 0.49, 0.5, 1, Number.NaN, 0.2]);
    expect(histogram(values, present(1, 1, 1, 1, 1, 1, 0), 0, 1, 2)).toEqual([3, 2]);
  });
});

describe("valueRange", () => {
  it("is the whole scale for shares", () => {
    expect(valueRange("confidence", Float32Array.from([0.4, 0.5]))).toEqual([0, 1]);
  });

  it("leaves the extreme hundredth of other numbers out", () => {
    const values = Float32Array.from({ length: 1001 }, (_, i) => (i === 1000 ? 1e6 : i));
    const [low, high] = valueRange("ink", knownSorted(values)) ?? [0, 0];
    expect(low).toBe(10);
    expect(high).toBe(990);
  });

  it("copes with nothing and with one value", () => {
    expect(valueRange("ink", knownSorted(Float32Array.from([Number.NaN])))).toBeNull();
    expect(valueRange("ink", knownSorted(Float32Array.from([4, 4])))).toEqual([4, 4]);
  });
});
