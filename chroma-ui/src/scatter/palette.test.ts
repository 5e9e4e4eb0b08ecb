import { describe, expect, it } from "vitest";
import { hexToRgb } from "./oklab";
import { categoryColour, legendColours, MISSING, RAMP_STEPS, rampColours } from "./palette";

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

/** OKLab of a colour as somebody sees it (Ottosson 2020; Machado, Oliveira & Fernandes 2009). */
const SIGHTS = {
  all: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
} as const;

function seen(hex: string, sight: keyof typeof SIGHTS): [number, number, number] {
  const light = hexToRgb(hex).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const m = SIGHTS[sight];
  const [r, g, b] = [0, 3, 6].map((row) =>
    Math.min(1, Math.max(0, m[row] * light[0] + m[row + 1] * light[1] + m[row + 2] * light[2])),
  );
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const n = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * n - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * n + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * n - 0.808675766 * s,
  ];
}

function leastDistance(colours: readonly string[], sight: keyof typeof SIGHTS): number {
  const places = colours.map((colour) => seen(colour, sight));
  return Math.min(
    ...places.flatMap((a, i) =>
      places.slice(i + 1).map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])),
    ),
  );
}

describe("palette", () => {
  it.each(["dark", "light"] as const)("has colours that everybody can tell apart, on %s", (shade) => {
    for (const classes of [2, 5, 10]) {
      const colours = Array.from({ length: classes }, (_, i) => categoryColour(i, shade, true));
      for (const sight of Object.keys(SIGHTS) as (keyof typeof SIGHTS)[]) {
        expect(leastDistance(colours, sight), `${classes} classes, ${sight}`).toBeGreaterThan(0.085);
      }
      for (const colour of colours) {
        expect(contrast(colour, shade === "dark" ? "#0d0f16" : "#f8f9fd")).toBeGreaterThan(2.9);
      }
    }
  });

  it.each(["dark", "light"] as const)(
    "tells fifty classes apart as well as the screen allows, on %s",
    (shade) => {
      const colours = Array.from({ length: 50 }, (_, i) => categoryColour(i, shade));
      expect(leastDistance(colours, "all")).toBeGreaterThan(0.055);
    },
  );

  it("has five hundred colours, and neighbours in a legend differ", () => {
    const colours = Array.from({ length: 500 }, (_, i) => categoryColour(i, "dark"));
    expect(new Set(colours).size).toBeGreaterThan(495);
    for (let i = 1; i < 500; i++) {
      expect(leastDistance([colours[i - 1], colours[i]], "all"), `${i}`).toBeGreaterThan(0.06);
    }
  });

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
