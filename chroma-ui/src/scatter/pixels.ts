import { hexToRgb } from "./oklab";

export type PixelCount = {
  /** Pixels covered at least partly by a point. */
  total: number;
  /** Covered pixels by the nearest colour of the palette. */
  byColour: Record<string, number>;
};

/** Below this alpha (of 255) a pixel counts as background. */
const FAINTEST = 24;

/** Divides colours by their alpha: WebGL leaves them premultiplied. */
export function straight(pixels: Uint8Array): Uint8Array {
  for (let at = 0; at < pixels.length; at += 4) {
    const alpha = pixels[at + 3];
    if (alpha === 0 || alpha === 255) continue;
    for (let channel = at; channel < at + 3; channel++) {
      pixels[channel] = Math.min(255, Math.round((pixels[channel] * 255) / alpha));
    }
  }
  return pixels;
}

/** Counts pixels whose colours are not premultiplied. */
export function countPixels(pixels: ArrayLike<number>, palette: readonly string[]): PixelCount {
  const byColour: Record<string, number> = Object.fromEntries(palette.map((hex) => [hex, 0]));
  const colours = palette.map(hexToRgb);
  let total = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at + 3] < FAINTEST) continue;
    total++;
    const [r, g, b] = [pixels[at], pixels[at + 1], pixels[at + 2]];
    let nearest = 0;
    let least = Infinity;
    for (let c = 0; c < colours.length; c++) {
      const [red, green, blue] = colours[c];
      const distance = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
      if (distance < least) {
        least = distance;
        nearest = c;
      }
    }
    if (palette.length) byColour[palette[nearest]]++;
  }
  return { total, byColour };
}

/** Canvases of one size, one over the other on a background of this colour. */
export function laidOver(ground: string, sheets: readonly HTMLCanvasElement[]): HTMLCanvasElement {
  const image = document.createElement("canvas");
  image.width = sheets[0].width;
  image.height = sheets[0].height;
  const pencil = image.getContext("2d");
  if (pencil) {
    pencil.fillStyle = ground;
    pencil.fillRect(0, 0, image.width, image.height);
    for (const sheet of sheets) pencil.drawImage(sheet, 0, 0);
  }
  return image;
}
