/** Pure: bytes of the server → what the plot draws. */
import type { RawFrame } from "../api/bytes";
import { RAMP_STEPS } from "./palette";

export const MISSING_U16 = 65535;

/** Where the u16 grid of a revision lies: x = offsetX + u16 / 65534 * scale. */
export type Square = { offsetX: number; offsetY: number; scale: number };

/** Coordinates in [-1, 1] with equal scales on both axes; a missing point has `present` 0. */
export type Points = {
  n: number;
  x: Float32Array;
  y: Float32Array;
  present: Uint8Array;
  presentCount: number;
};

/** Colour codes; `missing` is the code of points without a value. */
export type Codes = { codes: Uint16Array; missing: number };

export type Box = { left: number; right: number; bottom: number; top: number };

/** Places a frame on the square that fills the view; `view` stays while frames are appended. */
export function normalise(raw: RawFrame, drawn: Square, view: Square): Points {
  const n = raw.x.length;
  const x = new Float32Array(n);
  const y = new Float32Array(n);
  const present = new Uint8Array(n);
  let presentCount = 0;
  const step = (2 * drawn.scale) / (65534 * view.scale);
  const left = (2 * (drawn.offsetX - view.offsetX)) / view.scale - 1;
  const bottom = (2 * (drawn.offsetY - view.offsetY)) / view.scale - 1;
  for (let i = 0; i < n; i++) {
    if (raw.x[i] === MISSING_U16 || raw.y[i] === MISSING_U16) continue;
    x[i] = left + raw.x[i] * step;
    y[i] = bottom + raw.y[i] * step;
    present[i] = 1;
    presentCount++;
  }
  return { n, x, y, present, presentCount };
}

/** Leaves missing points where they were last, so that they do not fly in from elsewhere. */
export function holdMissing(points: Points, before: Points | null): Points {
  if (points.presentCount === points.n || !before || before.n !== points.n) return points;
  const x = points.x.slice();
  const y = points.y.slice();
  for (let i = 0; i < points.n; i++) {
    if (points.present[i]) continue;
    x[i] = before.x[i];
    y[i] = before.y[i];
  }
  return { ...points, x, y };
}

export function boundingBox(points: Points): Box | null {
  if (points.presentCount === 0) return null;
  const box = { left: Infinity, right: -Infinity, bottom: Infinity, top: -Infinity };
  for (let i = 0; i < points.n; i++) {
    if (!points.present[i]) continue;
    box.left = Math.min(box.left, points.x[i]);
    box.right = Math.max(box.right, points.x[i]);
    box.bottom = Math.min(box.bottom, points.y[i]);
    box.top = Math.max(box.top, points.y[i]);
  }
  return box;
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

export type Sieve = {
  hidden: ReadonlySet<number>;
  confidence: { values: Float32Array; low: number; high: number } | null;
  /** Only points that carry 1 here are kept. */
  only: Uint8Array | null;
};

/** Indices of the points to draw, ascending. */
export function drawnPoints(points: Points, codes: Uint16Array | null, sieve: Sieve): number[] {
  const drawn: number[] = [];
  const { hidden, confidence, only } = sieve;
  for (let i = 0; i < points.n; i++) {
    if (!points.present[i]) continue;
    if (codes && hidden.has(codes[i])) continue;
    if (only && !only[i]) continue;
    if (confidence) {
      const value = confidence.values[i];
      if (!(value >= confidence.low && value <= confidence.high)) continue;
    }
    drawn.push(i);
  }
  return drawn;
}
