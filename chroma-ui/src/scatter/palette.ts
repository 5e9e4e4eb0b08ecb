import type { Shade } from "../lib/useTheme";

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

export const RAMP_STEPS = 64;

export function categoryColour(index: number, shade: Shade, safe = false): string {
  const base = (safe ? SAFE : CATEGORIES)[shade];
  if (index < base.length) return base[index];
  // The golden angle keeps any number of further hues apart; lightness alternates in three steps.
  const hue = (index * 137.508) % 360;
  const step = index % 3;
  return shade === "dark"
    ? oklchToHex(0.68 + step * 0.07, 0.14, hue)
    : oklchToHex(0.5 + step * 0.06, 0.15, hue);
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

export function hexToRgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function rgbToHex(rgb: readonly number[]): string {
  return `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** A colour of even lightness in every hue (Ottosson 2020, OKLab); what the screen cannot show is clipped. */
function oklchToHex(lightness: number, chroma: number, hue: number): string {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return rgbToHex(
    linear.map((part) => {
      const light = Math.min(1, Math.max(0, part));
      return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
    }),
  );
}
