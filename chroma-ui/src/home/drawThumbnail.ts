/** Draws a thumbnail on a 2-D canvas: browsers do not allow a WebGL context for each film of a page. */
import type { Shade } from "../lib/useTheme";
import { mix } from "../scatter/camera";
import { type Box, placeX, placeY } from "../scatter/encode";
import { legendColours, MISSING } from "../scatter/palette";
import type { ThumbnailFrames } from "./useThumbnailFrames";

/** More points than this do not make a thumbnail clearer. */
const MOST_POINTS = 3000;
const EDGE = 12;

export type ThumbnailStyle = { width: number; height: number; shade: Shade; box: Box };

/** `at` is a fractional frame index. */
export function drawThumbnail(
  canvas: HTMLCanvasElement,
  { frames, label }: ThumbnailFrames,
  at: number,
  how: ThumbnailStyle,
): void {
  const pencil = canvas.getContext("2d");
  if (!pencil) return;
  const { width, height, shade, box } = how;
  const ratio = window.devicePixelRatio;
  pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
  pencil.clearRect(0, 0, width, height);
  const scale = Math.min(
    (width - 2 * EDGE) / Math.max(1e-6, box.right - box.left),
    (height - 2 * EDGE) / Math.max(1e-6, box.top - box.bottom),
  );
  const [before, after] = [Math.floor(at), Math.min(frames.length - 1, Math.floor(at) + 1)];
  const [from, to] = [frames[before], frames[after]];
  const names = label?.legend ?? ["all"];
  const colours = legendColours("label", names, names, shade);
  const stride = Math.ceil(to.n / MOST_POINTS);
  const size = to.n / stride > 1200 ? 1.8 : 2.4;
  pencil.globalAlpha = 0.82;
  for (let i = 0; i < to.n; i += stride) {
    if (!to.present[i] || !from.present[i]) continue;
    const t = at - before;
    pencil.fillStyle = colours[label ? label.codes[i] : 0] ?? MISSING[shade];
    const x = width / 2 + (mix(placeX(from, i), placeX(to, i), t) - (box.left + box.right) / 2) * scale;
    const y = height / 2 - (mix(placeY(from, i), placeY(to, i), t) - (box.bottom + box.top) / 2) * scale;
    pencil.beginPath();
    pencil.arc(x, y, size / 2 + 0.3, 0, 2 * Math.PI);
    pencil.fill();
  }
}
