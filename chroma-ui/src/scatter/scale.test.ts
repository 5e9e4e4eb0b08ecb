import { describe, expect, it } from "vitest";
import { RAMP_STEPS } from "./palette";
import { encodeScaled, scaleOf, shadeAt, shapeOf } from "./scale";

const sorted = (at: (i: number) => number) => Float32Array.from({ length: 1000 }, (_, i) => at(i)).sort();
const even = sorted((i) => i / 10);
const decades = sorted((i) => 10 ** (i / 200 - 4));
const crowded = sorted((i) => (i < 20 ? i * 50 : 1000 + i / 1000));

describe("a scale", () => {
  it("follows the values' shape", () => {
    expect(shapeOf([0, 100], even)).toBe("linear");
    expect(shapeOf([1e-4, 10], decades)).toBe("log");
    expect(shapeOf([0, 1001], crowded)).toBe("quantile");
    expect(shapeOf([-100, 0], even.map((value) => -value).sort())).toBe("linear");
    expect(shapeOf([1, 1], Float32Array.of(1, 1))).toBe("linear");
    expect(shapeOf([0, 1], new Float32Array(0))).toBe("linear");
  });

  it("gives each tenth of its colours a tenth of what it spreads", () => {
    const log = scaleOf("log", [1e-4, 10], decades);
    const { codes } = encodeScaled(Float32Array.of(0, 1e-4, 10 ** -1.49, 10, 1e9, Number.NaN), log);
    expect([...codes]).toEqual([0, 0, RAMP_STEPS / 2, RAMP_STEPS - 1, RAMP_STEPS - 1, RAMP_STEPS]);
    const quantile = encodeScaled(crowded, scaleOf("quantile", [0, 1001], crowded)).codes;
    const half = quantile.filter((code) => code < RAMP_STEPS / 2).length;
    expect(half).toBeGreaterThan(450);
    expect(half).toBeLessThan(550);
    expect(encodeScaled(Float32Array.of(Number.NaN), scaleOf("quantile", [0, 1], even)).codes[0]).toBe(
      RAMP_STEPS,
    );
  });

  it("is linear where its kind cannot show the values", () => {
    expect(scaleOf("log", [-1, 1], Float32Array.of(-1, 0, 1)).kind).toBe("linear");
    expect(scaleOf("log", [0, 1], Float32Array.of(0, 0.5, 1)).low).toBe(0.5);
    expect(scaleOf("quantile", [0, 1], new Float32Array(0)).kind).toBe("linear");
  });

  it("says which colour a value has", () => {
    expect(shadeAt(scaleOf("linear", [0, 100], even), 25)).toBeCloseTo(0.25);
    expect(shadeAt(scaleOf("log", [1e-4, 10], decades), 10 ** -1.5)).toBeCloseTo(0.5);
    expect(shadeAt(scaleOf("quantile", [0, 1001], crowded), 2000)).toBe(1);
    expect(shadeAt(scaleOf("linear", [0, 100], even), -5)).toBe(0);
  });
});
