import type { Shade } from "../lib/useTheme";
import { farApart } from "./farApart";
import { hexToRgb, rgbToHex } from "./oklab";

/**
 * Ten hues whose lightness differs from neighbour to neighbour, so that they stay apart for
 * colour-blind eyes too; one set for each background.
 */
const CATEGORIES: Record<Shade, readonly string[]> = {
  dark: [
    "#7c8cff",
    "#39d0c8",
    "#ffb454",
    "#ff7a90",
    "#b18cff",
    "#7ddc6f",
    "#4cb5ff",
    "#f58fd0",
    "#e8d44d",
    "#ff9466",
  ],
  light: [
    "#4f5fe8",
    "#0f9f96",
    "#d9820a",
    "#e0405c",
    "#8a56e8",
    "#3c9a2c",
    "#1583d8",
    "#cc4aa0",
    "#a38a00",
    "#dd5a22",
  ],
};

/**
 * Ten classes that people with protanopia, deuteranopia or tritanopia can tell apart: the nearest two are at
 * least 0.085 apart in OKLab as each of them sees it (Machado, Oliveira & Fernandes 2009). Searched from the
 * colours above, so that a class keeps its hue.
 */
const SAFE: Record<Shade, readonly string[]> = {
  dark: [
    "#337dff",
    "#18ffea",
    "#eccb95",
    "#f58b9a",
    "#959cff",
    "#aec12c",
    "#70cbe5",
    "#e84ba6",
    "#c3f40d",
    "#b8792d",
  ],
  light: [
    "#8e53ed",
    "#00a1ab",
    "#b78a00",
    "#864961",
    "#5100a3",
    "#03520d",
    "#3d62aa",
    "#730064",
    "#636a00",
    "#c65e67",
  ],
};

/** Low to high: the lightness rises on dark and falls on light. */
const RAMP: Record<Shade, readonly string[]> = {
  dark: ["#5b4fd6", "#4389f0", "#2fc4c0", "#a2dc63", "#ffe06b"],
  light: ["#e8a70c", "#8fb52d", "#149c94", "#2c6ad0", "#4b2fb8"],
};

export const MISSING: Record<Shade, string> = { dark: "#5a6172", light: "#a7aebd" };
const WRONG: Record<Shade, string> = { dark: "#ff6b84", light: "#e0304f" };
const RIGHT: Record<Shade, string> = { dark: "#3a6f8f", light: "#7fb2cf" };

/** Of the colours beyond the first ten: readable on the background. */
const LIGHTNESS: Record<Shade, readonly number[]> = {
  dark: [0.62, 0.69, 0.76, 0.83, 0.9],
  light: [0.4, 0.46, 0.52, 0.58, 0.64],
};

export const RAMP_STEPS = 64;

export function categoryColour(index: number, shade: Shade, safe = false): string {
  return farApart((safe ? SAFE : CATEGORIES)[shade], LIGHTNESS[shade], index);
}

export function rampColours(shade: Shade, steps = RAMP_STEPS): string[] {
  const stops = RAMP[shade].map(hexToRgb);
  return Array.from({ length: steps }, (_, step) => {
    const place = (step / (steps - 1)) * (stops.length - 1);
    const left = Math.min(Math.floor(place), stops.length - 2);
    return rgbToHex(stops[left].map((from, i) => from + (stops[left + 1][i] - from) * (place - left)));
  });
}

/** Colours of a categorical column's legend. Classes keep their colour whichever column names them. */
export function legendColours(
  column: string,
  legend: readonly string[],
  classNames: readonly string[],
  shade: Shade,
  safe = false,
): string[] {
  if (column === "correct") {
    const wrong = legend.findIndex((name) => /^(false|wrong|incorrect|no|0)$/i.test(name));
    return legend.map((_, code) => (code === Math.max(wrong, 0) ? WRONG[shade] : RIGHT[shade]));
  }
  if (column === "search") return [CATEGORIES[shade][0], RIGHT[shade]];
  const known = new Map(classNames.map((name, index) => [name, index]));
  const named = column === "label" || column === "prediction";
  let next = classNames.length;
  return legend.map((name, code) => categoryColour(named ? (known.get(name) ?? next++) : code, shade, safe));
}
