/** Pure: what lies over the edges of the canvas, in CSS pixels. */
import type { Covered } from "../scatter/camera";

type Place = Pick<DOMRect, "left" | "right" | "top" | "bottom">;

/** Room that is kept where nothing lies yet: what is said of a frame comes after the frame. */
const LEAST: Covered = { left: 0, top: 8, bottom: 44 };

/** By the tools, a column at the left or a row at the top, and by what is said at the foot. */
export function coveredBy(canvas: Place, tools: Place | undefined, foot: Place | undefined): Covered {
  const bottom = Math.max(LEAST.bottom, foot ? canvas.bottom - foot.top : 0);
  if (!tools) return { ...LEAST, left: 48, bottom };
  const isRow = tools.right - tools.left > tools.bottom - tools.top;
  return isRow
    ? { ...LEAST, top: tools.bottom - canvas.top, bottom }
    : { ...LEAST, left: tools.right - canvas.left, bottom };
}
