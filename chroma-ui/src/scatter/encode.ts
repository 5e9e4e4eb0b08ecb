/** Pure: decodes the server's coordinates and columns into what the plot draws. */
import type { RawFrame } from "../api/bytes";
import { RAMP_STEPS } from "./palette";

/** One coordinate of a point. */
export type PlaceOf = (index: number) => number;

export const MISSING_U16 = 65535;

/** Placement of a revision's u16 grid: x = offsetX + u16 / 65534 * scale. */
export type Square = { offsetX: number; offsetY: number; scale: number };

/** Placement of a frame's u16 grid in the plot, with equal scales on both axes: x = left + u16 * step. */
export type Grid = { left: number; bottom: number; step: number };

/** Positions as received, one u16 per axis; a missing point has `present` 0. */
export type Points = {
  n: number;
  x: Uint16Array;
  y: Uint16Array;
  grid: Grid;
  present: Uint8Array;
  presentCount: number;
};

/** Plot coordinates of a point: the view's square spans [-1, 1]. */
export const placeX = ({ grid, x }: Points, i: number): number => grid.left + grid.step * x[i];
export const placeY = ({ grid, y }: Points, i: number): number => grid.bottom + grid.step * y[i];

/** An interpolation between two frames; `along` is 0 at `from` and 1 at `to`. */
export type Between = { from: Points; to: Points; along: number };

/** Interpolated coordinates of points; a point missing in the first frame is where the second has it. */
export function placeBetween({ from, to, along }: Between): [x: PlaceOf, y: PlaceOf] {
  const share = (index: number) => (from.present[index] ? along : 1);
  const way =
    (place: typeof placeX) =>
    (index: number): number => {
      const t = share(index);
      return t < 1 ? place(from, index) * (1 - t) + place(to, index) * t : place(to, index);
    };
  return [way(placeX), way(placeY)];
}

/** Colour codes; `missing` is the code of points without a value. */
export type Codes = { codes: Uint16Array; missing: number };

export type Box = { left: number; right: number; bottom: number; top: number };

/** One array of ones, shared by all frames without missing points. */
let allPresent = new Uint8Array(0);

function presentIn(raw: RawFrame): { present: Uint8Array; presentCount: number } {
  const n = raw.x.length;
  if (allPresent.length !== n) allPresent = new Uint8Array(n).fill(1);
  let missing = 0;
  for (let i = 0; i < n; i++) if (raw.x[i] === MISSING_U16 || raw.y[i] === MISSING_U16) missing++;
  if (missing === 0) return { present: allPresent, presentCount: n };
  const present = Uint8Array.from(raw.x, (x, i) => (x === MISSING_U16 || raw.y[i] === MISSING_U16 ? 0 : 1));
  return { present, presentCount: n - missing };
}

/** Another frame of the same revision, on the grid of one that is placed. */
export const placedLike = (raw: RawFrame, { grid }: Points): Points => ({
  ...{ n: raw.x.length, x: raw.x, y: raw.y, grid },
  ...presentIn(raw),
});

/** Places a frame in the square that fills the view; `view` stays the same while frames are appended. */
export function placed(raw: RawFrame, drawn: Square, view: Square): Points {
  return {
    n: raw.x.length,
    x: raw.x,
    y: raw.y,
    grid: {
      left: (2 * (drawn.offsetX - view.offsetX)) / view.scale - 1,
      bottom: (2 * (drawn.offsetY - view.offsetY)) / view.scale - 1,
      step: (2 * drawn.scale) / (65534 * view.scale),
    },
    ...presentIn(raw),
  };
}

/** Points at the share `t` of the way from one frame to another, on the grid of the latter. */
export function between(from: Points, to: Points, t: number): Points {
  const x = to.x.slice();
  const y = to.y.slice();
  const { left, bottom, step } = to.grid;
  const onGrid = (place: number, edge: number) =>
    Math.min(65534, Math.max(0, Math.round((place - edge) / step)));
  for (let i = 0; i < to.n; i++) {
    if (!from.present[i] || !to.present[i]) continue;
    x[i] = onGrid(placeX(from, i) * (1 - t) + placeX(to, i) * t, left);
    y[i] = onGrid(placeY(from, i) * (1 - t) + placeY(to, i) * t, bottom);
  }
  return { ...to, x, y };
}

export function boundingBox(points: Points): Box | null {
  if (points.presentCount === 0) return null;
  const { x, y, present, grid } = points;
  let [left, right, bottom, top] = [MISSING_U16, 0, MISSING_U16, 0];
  for (let i = 0; i < points.n; i++) {
    if (!present[i]) continue;
    if (x[i] < left) left = x[i];
    if (x[i] > right) right = x[i];
    if (y[i] < bottom) bottom = y[i];
    if (y[i] > top) top = y[i];
  }
  return {
    left: grid.left + left * grid.step,
    right: grid.left + right * grid.step,
    bottom: grid.bottom + bottom * grid.step,
    top: grid.bottom + top * grid.step,
  };
}

export function union(a: Box | null, b: Box | null): Box | null {
  if (!a || !b) return a ?? b;
  return {
    left: Math.min(a.left, b.left),
    right: Math.max(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
    top: Math.max(a.top, b.top),
  };
}

export function encodeCategorical(values: Uint16Array, categories: number): Codes {
  const codes = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) codes[i] = Math.min(values[i], categories);
  return { codes, missing: categories };
}

export function encodeNumeric(values: Float32Array, low: number, high: number, steps = RAMP_STEPS): Codes {
  const codes = new Uint16Array(values.length);
  const span = high > low ? high - low : 1;
  for (let i = 0; i < values.length; i++) {
    const place = Math.floor(((values[i] - low) / span) * steps);
    codes[i] = Number.isFinite(values[i]) ? Math.min(steps - 1, Math.max(0, place)) : steps;
  }
  return { codes, missing: steps };
}

/** Indices of the points to draw, ascending: present, of no hidden code, and 0 in `fails`. */
export function drawnPoints(
  points: Points,
  codes: Uint16Array,
  hidden: ReadonlySet<number>,
  fails: Uint8Array,
): Uint32Array {
  const drawn = new Uint32Array(points.n);
  let kept = 0;
  for (let i = 0; i < points.n; i++) {
    if (!points.present[i] || fails[i]) continue;
    if (hidden.size && hidden.has(codes[i])) continue;
    drawn[kept++] = i;
  }
  return drawn.subarray(0, kept);
}
