import { hexToRgb } from "./palette";

export type PixelCount = {
  /** Pixels that carry any part of a point. */
  total: number;
  /** Of these, pixels nearest to each colour of the palette. */
  byColour: Record<string, number>;
};

/** Below this alpha (of 255) a pixel counts as background. */
const FAINTEST = 24;

export function countPixels(canvas: HTMLCanvasElement, palette: readonly string[]): PixelCount {
  const byColour: Record<string, number> = Object.fromEntries(palette.map((hex) => [hex, 0]));
  const context = canvas.getContext("2d");
  if (!context || canvas.width === 0 || canvas.height === 0) return { total: 0, byColour };
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const colours = palette.map(hexToRgb);
  let total = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < FAINTEST) continue;
    total++;
    let nearest = 0;
    let least = Infinity;
    for (let c = 0; c < colours.length; c++) {
      const [red, green, blue] = colours[c];
      const distance = (data[at] - red) ** 2 + (data[at + 1] - green) ** 2 + (data[at + 2] - blue) ** 2;
      if (distance < least) {
        least = distance;
        nearest = c;
      }
    }
    if (palette.length) byColour[palette[nearest]]++;
  }
  return { total, byColour };
}
