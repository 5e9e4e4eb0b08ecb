import type { NumericColumn } from "../api/bytes";
import type { ShownFrame } from "./useShownFrame";

/** The position in the split of a film's point. */
export const positionAt = (shown: Pick<ShownFrame, "position"> | null, index: number): number =>
  shown?.position ? shown.position.values[index] : index;

type Placed = Pick<ShownFrame, "position" | "points">;

/** Positions in the split of a film's points; they differ from the indices where a film shows some samples only. */
export function positionsOf(shown: Pick<ShownFrame, "position">, indices: Uint32Array): Uint32Array {
  const places = shown.position?.values;
  return places ? indices.map((index) => places[index]) : indices;
}

/** The point at a position of the split; -1 where the film has none. Positions ascend. */
export function indexAt({ position, points }: Placed, wanted: number): number {
  const places = position?.values;
  if (!places || places[wanted] === wanted) return wanted < points.n ? wanted : -1;
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return places[low] === wanted ? low : -1;
}

const found = new WeakMap<Uint32Array, { of: NumericColumn | null; n: number; indices: Uint32Array }>();

/** The points at ascending positions of the split, ascending too; positions that the film does not have are left out. */
export function indicesAt(shown: Placed, positions: Uint32Array): Uint32Array {
  const { position, points } = shown;
  const known = found.get(positions);
  if (known?.of === position && known.n === points.n) return known.indices;
  const indices = new Uint32Array(positions.length);
  let kept = 0;
  for (const wanted of positions) {
    const index = indexAt(shown, wanted);
    if (index >= 0) indices[kept++] = index;
  }
  const all = kept === positions.length ? indices : indices.slice(0, kept);
  found.set(positions, { of: position, n: points.n, indices: all });
  return all;
}
