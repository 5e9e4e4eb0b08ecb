/**
 * Draws on the CPU where there is no graphics card: a browser's own WebGL on the CPU takes several times as long.
 * The picture is the same. Two colour channels are blended with one multiplication.
 */

import { type Discs, discsOf, PLACES, reachOf } from "./discs";
import { MISSING_U16, type Points } from "./encode";
import { hexToRgb } from "./oklab";
import { type DrawOptions, LAYERS, lookOf, MARKS, type Renderer } from "./rendererTypes";

const LANES = 0x00ff00ff;
const HALVES = 0x00800080;

/** Premultiplied RGBA, little-endian, with a margin on each side of twice the discs' reach. */
export type Canvas32 = { words: Uint32Array; width: number; height: number; margin: number };

/** Positions, codes, marks, and the colours by code: red and blue, green and alpha, 16 bits each. */
export type Cloud = {
  from: Points;
  to: Points;
  codes: Uint16Array;
  marks: Uint8Array;
  redBlue: Uint32Array;
  greenAlpha: Uint32Array;
};

/** Pure: blends the points that have the mark over the picture, in their order. */
export function paint(
  { words, width, height, margin }: Canvas32,
  { from, to, codes, marks, redBlue, greenAlpha }: Cloud,
  { along, camera }: Pick<DrawOptions, "along" | "camera">,
  { starts, offsets, weights, reach }: Discs,
  mark: number,
): void {
  const stride = width + 2 * margin;
  const [cameraX, cameraY, scaleX, scaleY] = camera;
  const onX = (width / 2) * scaleX;
  const onY = (height / 2) * scaleY;
  // pixel = grid position * step + shift, for both frames
  const lineX = ({ grid }: Points) => [grid.step * onX, (grid.left - cameraX) * onX + width / 2];
  const lineY = ({ grid }: Points) => [-grid.step * onY, height / 2 - (grid.bottom - cameraY) * onY];
  const [toStepX, toShiftX] = lineX(to);
  const [toStepY, toShiftY] = lineY(to);
  const [fromStepX, fromShiftX] = lineX(from);
  const [fromStepY, fromShiftY] = lineY(from);
  const ground = mark === MARKS.ground;
  const missing = redBlue.length - 1;
  const moves = from !== to && along < 1;
  const n = Math.min(from.n, to.n);
  const [toX, toY, fromX, fromY] = [to.x, to.y, from.x, from.y];
  for (let i = 0; i < n; i++) {
    if (marks[i] !== mark || toX[i] === MISSING_U16 || toY[i] === MISSING_U16) continue;
    let x = toX[i] * toStepX + toShiftX;
    let y = toY[i] * toStepY + toShiftY;
    if (moves && fromX[i] !== MISSING_U16 && fromY[i] !== MISSING_U16) {
      x = (fromX[i] * fromStepX + fromShiftX) * (1 - along) + x * along;
      y = (fromY[i] * fromStepY + fromShiftY) * (1 - along) + y * along;
    }
    if (!(x > -reach && x < width + reach && y > -reach && y < height + reach)) continue;
    const column = Math.floor(x);
    const row = Math.floor(y);
    const place = (((y - row) * PLACES) | 0) * PLACES + (((x - column) * PLACES) | 0);
    const centre = (row + margin) * stride + column + margin;
    const code = ground ? missing : codes[i];
    const rb = redBlue[code];
    const ga = greenAlpha[code];
    const end = starts[place + 1];
    for (let at = starts[place]; at < end; at++) {
      const pixel = centre + offsets[at];
      const weight = weights[at];
      const rest = 256 - weight;
      const word = words[pixel];
      words[pixel] =
        (((Math.imul(word & LANES, rest) + Math.imul(rb, weight) + HALVES) >>> 8) & LANES) |
        ((Math.imul((word >>> 8) & LANES, rest) + Math.imul(ga, weight) + HALVES) & ~LANES);
    }
  }
}

/** Divides colours by their alpha, in place, as a canvas expects them. */
export function unmultiply(words: Uint32Array): void {
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const alpha = word >>> 24;
    if (alpha === 0 || alpha === 255) continue;
    const factor = 255 / alpha;
    const red = Math.min(255, (word & 255) * factor + 0.5) | 0;
    const green = Math.min(255, ((word >>> 8) & 255) * factor + 0.5) | 0;
    const blue = Math.min(255, ((word >>> 16) & 255) * factor + 0.5) | 0;
    words[at] = (alpha << 24) | (blue << 16) | (green << 8) | red;
  }
}

export function createCpuRenderer(canvas: HTMLCanvasElement): Renderer {
  const sheet = canvas.getContext("2d", { willReadFrequently: true });
  if (!sheet)
    throw new Error("This browser gives no canvas to draw on: close other tabs and reload the page.");
  /** The last drawing's; freed between drawings. */
  let image: WeakRef<ImageData> | null = null;
  let from: Points | null = null;
  let to: Points | null = null;
  let codes: Uint16Array = new Uint16Array(0);
  let marks: Uint8Array = new Uint8Array(0);
  let used: readonly number[] = [];
  let redBlue = new Uint32Array(0);
  let greenAlpha = new Uint32Array(0);

  function blank(width: number, height: number): ImageData {
    const last = image?.deref();
    if (last?.width === width && last.height === height) {
      last.data.fill(0);
      return last;
    }
    const made = new ImageData(width, height);
    image = new WeakRef(made);
    return made;
  }

  return {
    kind: "cpu",
    setFrames(first, second): void {
      from = first;
      to = second;
    },
    drop: () => undefined,
    setCodes(values): void {
      codes = values;
    },
    setMarks(values): void {
      marks = values;
      const has = new Uint8Array(5);
      for (const mark of values) has[mark] = 1;
      used = LAYERS.filter((mark) => has[mark]);
    },
    setPalette(palette): void {
      const colours = palette.map(hexToRgb);
      redBlue = Uint32Array.from(colours, ([red, , blue]) => red | (blue << 16));
      greenAlpha = Uint32Array.from(colours, ([, green]) => green | (255 << 16));
    },
    draw(options): void {
      const looks = used.map((mark) => ({ mark, ...lookOf(mark, options) }));
      const margin = 2 * reachOf(Math.max(1, ...looks.map(({ size }) => size)));
      const { width, height } = canvas;
      const stride = width + 2 * margin;
      const drawing = blank(stride, height + 2 * margin);
      const picture = { words: new Uint32Array(drawing.data.buffer), width, height, margin };
      if (from && to) {
        const cloud = { from, to, codes, marks, redBlue, greenAlpha };
        for (const { mark, size, opacity } of looks)
          paint(picture, cloud, options, discsOf(size, opacity, stride), mark);
      }
      unmultiply(picture.words);
      sheet.putImageData(drawing, -margin, -margin);
    },
    read: () => sheet.getImageData(0, 0, canvas.width, canvas.height).data,
    destroy(): void {
      image = null;
    },
  };
}
