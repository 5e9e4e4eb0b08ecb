/** Pure: finds the points near a position or inside a path. */

import { type Box, boundingBox, type Points, placeX, placeY } from "./encode";
import { MARKS } from "./rendererTypes";

export type Place = { x: number; y: number };

/** Points sorted into square cells, so that a search visits only a few cells. */
export type Cells = {
  points: Points;
  box: Box;
  side: number;
  across: number;
  up: number;
  /** Where each cell begins in `order`. */
  start: Uint32Array;
  order: Uint32Array;
};

const POINTS_PER_CELL = 6;
const MOST_ACROSS = 1024;

export function sortIntoCells(points: Points): Cells | null {
  const box = boundingBox(points);
  if (!box) return null;
  const width = Math.max(box.right - box.left, 1e-6);
  const height = Math.max(box.top - box.bottom, 1e-6);
  const wanted = Math.sqrt((width * height * POINTS_PER_CELL) / points.presentCount);
  const side = Math.max(wanted, width / MOST_ACROSS, height / MOST_ACROSS);
  const across = Math.floor(width / side) + 1;
  const up = Math.floor(height / side) + 1;
  const start = new Uint32Array(across * up + 1);
  const cell = new Uint32Array(points.n);
  for (let i = 0; i < points.n; i++) {
    if (!points.present[i]) continue;
    const column = Math.floor((placeX(points, i) - box.left) / side);
    const row = Math.floor((placeY(points, i) - box.bottom) / side);
    cell[i] = Math.min(up - 1, row) * across + Math.min(across - 1, column);
    start[cell[i] + 1]++;
  }
  for (let at = 0; at < across * up; at++) start[at + 1] += start[at];
  const next = start.slice();
  const order = new Uint32Array(points.presentCount);
  for (let i = 0; i < points.n; i++) if (points.present[i]) order[next[cell[i]]++] = i;
  return { points, box, side, across, up, start, order };
}

/** The nearest drawn point within `reach` of a position; of equally near ones the one drawn last. */
export function nearest(cells: Cells, marks: Uint8Array, { x, y }: Place, reach: number): number | null {
  const { points, box, side, across, up, start, order } = cells;
  const bound = (value: number, most: number) => Math.min(most - 1, Math.max(0, Math.floor(value)));
  const [left, right] = [x - reach, x + reach].map((at) => bound((at - box.left) / side, across));
  const [bottom, top] = [y - reach, y + reach].map((at) => bound((at - box.bottom) / side, up));
  let found: number | null = null;
  let least = reach * reach;
  for (let row = bottom; row <= top; row++) {
    const end = start[row * across + right + 1];
    for (let at = start[row * across + left]; at < end; at++) {
      const i = order[at];
      if (!marks[i] || marks[i] === MARKS.ground) continue;
      const away = (placeX(points, i) - x) ** 2 + (placeY(points, i) - y) ** 2;
      if (away > least || (away === least && found !== null && i < found)) continue;
      least = away;
      found = i;
    }
  }
  return found;
}

/**
 * The nearest drawn point in a direction from a position, within 45 degrees of it; null where there is none. Points at
 * the position itself have no direction.
 */
export function towards(
  points: Points,
  marks: Uint8Array,
  from: Place,
  [right, up]: readonly [number, number],
): number | null {
  let found: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < points.n; i++) {
    if (!points.present[i] || !marks[i] || marks[i] === MARKS.ground) continue;
    const x = placeX(points, i) - from.x;
    const y = placeY(points, i) - from.y;
    const along = x * right + y * up;
    const across = Math.abs(x * up - y * right);
    // What lies straight ahead is meant before what is as near to one side.
    const away = along + 2 * across;
    if (along <= 0 || across > along || away >= least) continue;
    least = away;
    found = i;
  }
  return found;
}

/** Rows of the u16 grid are grouped by their upper bits, so that a point is tested against the edges of its band only. */
const BAND = 8;

function edgesByBand(ys: Float64Array): number[][] {
  const bands: number[][] = Array.from({ length: 65536 >> BAND }, () => []);
  const bandOf = (y: number) => Math.min(bands.length - 1, Math.max(0, Math.floor(y) >> BAND));
  ys.forEach((end, a) => {
    const start = ys[(a + ys.length - 1) % ys.length];
    const last = bandOf(Math.max(start, end));
    for (let band = bandOf(Math.min(start, end)); band <= last; band++) bands[band].push(a);
  });
  return bands;
}

/** Indices of the drawn points inside a closed path (even-odd rule), ascending. */
export function within(points: Points, drawn: Uint32Array, path: readonly Place[]): Uint32Array {
  const { x, y, grid } = points;
  const corners = path.length;
  // The path is converted to grid units, which is cheaper than converting a million points.
  const xs = Float64Array.from(path, (place) => (place.x - grid.left) / grid.step);
  const ys = Float64Array.from(path, (place) => (place.y - grid.bottom) / grid.step);
  const slopes = xs.map((at, a) => {
    const b = (a + corners - 1) % corners;
    return ys[b] === ys[a] ? 0 : (xs[b] - at) / (ys[b] - ys[a]);
  });
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const edges = edgesByBand(ys);
  const found = new Uint32Array(drawn.length);
  let kept = 0;
  for (let order = 0; order < drawn.length; order++) {
    const i = drawn[order];
    const px = x[i];
    const py = y[i];
    if (px < left || px > right || py < bottom || py > top) continue;
    let inside = false;
    for (const a of edges[py >> BAND]) {
      const b = a === 0 ? corners - 1 : a - 1;
      if (ys[a] > py !== ys[b] > py && px < slopes[a] * (py - ys[a]) + xs[a]) inside = !inside;
    }
    if (inside) found[kept++] = i;
  }
  return found.slice(0, kept);
}
