/** Pure: where the names of groups stand, so that none covers another, or lies below what covers the canvas. */
import { shortened } from "../lib/format";
import type { Transform } from "./camera";

/** Letters of a name at most. */
const LONGEST = 24;
/** With more groups than this, names are smaller. */
const MANY = 20;

export type Label = { text: string; x: number; y: number; size: number };
export type Free = { left: number; right: number };
export type PlacedNames = { size: number; names: { text: string; x: number; y: number }[] };

/**
 * The names of the largest groups first; those without room are left out. `widthOf` measures a text of a font
 * size, in CSS pixels. A name whose group is in view stands between the edges of `free`.
 */
export function placedNames(
  labels: readonly Label[],
  place: Transform,
  free: Free,
  widthOf: (text: string, size: number) => number,
): PlacedNames {
  const size = labels.length > MANY ? 13 : 16;
  const taken: { text: string; x: number; y: number; half: number }[] = [];
  for (const label of [...labels].sort((a, b) => b.size - a.size)) {
    const text = shortened(label.text, LONGEST);
    const half = widthOf(text, size) / 2 + 4;
    const at = place.toX(label.x);
    const y = place.toY(label.y);
    const inView = at >= 0 && at <= free.right && free.right - free.left >= 2 * half;
    const x = inView ? Math.min(free.right - half, Math.max(free.left + half, at)) : at;
    const covers = taken.some(
      (other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < size + 2,
    );
    if (!covers) taken.push({ text, x, y, half });
  }
  return { size, names: taken.map(({ text, x, y }) => ({ text, x, y })) };
}
