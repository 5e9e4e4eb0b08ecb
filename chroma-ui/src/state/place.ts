/** Pure: how the address writes a camera. */
import type { Place } from "../scatter/viewpoint";

/** x, y in half heights of the whole film's view, then the zoom. */
export function readPlace(text: string | null): Place | null {
  const [x, y, zoom] = (text ?? "").split(",").map(Number);
  const sensible = [x, y].every((at) => Math.abs(at) <= 100) && zoom >= 0.05 && zoom <= 1000;
  return sensible ? { x, y, zoom } : null;
}

export const writePlace = ({ x, y, zoom }: Place) => [x, y, zoom].map((value) => +value.toFixed(4)).join(",");

/** Whether it is the camera that sees the whole film. */
export const isHome = ({ x, y, zoom }: Place): boolean =>
  Math.abs(x) < 1e-3 && Math.abs(y) < 1e-3 && Math.abs(zoom - 1) < 1e-3;
