import { describe, expect, it } from "vitest";
import { categoryColour, hexToRgb, legendColours, MISSING, RAMP_STEPS, rampColours } from "./palette";

const luminance = (hex: string) => {
  const [r, g, b] = hexToRgb(hex).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a: string, b: string) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};

describe("palette", () => {
  it.each(["dark", "light"] as const)("stays readable on %s", (shade) => {
    const ground = shade === "dark" ? "#0d0f16" : "#f8f9fd";
    for (let i = 0; i < 40; i++) {
      expect(contrast(categoryColour(i, shade), ground), `category ${i}`).toBeGreaterThan(
        shade === "dark" ? 4 : 2.4,
      );
    }
  });

  it("has a colour of its own for each of forty classes", () => {
    const colours = Array.from({ length: 40 }, (_, i) => categoryColour(i, "dark"));
    expect(new Set([...colours, MISSING.dark]).size).toBe(41);
    for (const colour of colours) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  });

  it("runs smoothly from the first stop to the last", () => {
    const ramp = rampColours("dark");
    expect(ramp).toHaveLength(RAMP_STEPS);
    expect(ramp[0]).toBe("#5b4fd6");
    expect(ramp[RAMP_STEPS - 1]).toBe("#ffe06b");
  });

  it("gives a class one colour in every column that names classes", () => {
    const names = ["cat", "dog", "owl"];
    const [owl, cat] = legendColours("prediction", ["owl", "cat"], names, "dark");
    expect([cat, owl]).toEqual([categoryColour(0, "dark"), categoryColour(2, "dark")]);
  });

  it("marks wrong predictions, wherever they stand in the legend", () => {
    const [wrong, right] = legendColours("correct", ["wrong", "correct"], [], "dark");
    expect(legendColours("correct", ["correct", "wrong"], [], "dark")).toEqual([right, wrong]);
    expect(wrong).not.toBe(right);
  });
});
