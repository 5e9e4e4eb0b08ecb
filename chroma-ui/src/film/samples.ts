/** Pure: which sample a point of a film is, by its key, and which point a sample is. */
import { type Sample, sampleOf } from "../state/sampleKey";
import type { ShownFrame } from "./useShownFrame";

type Keyed = Pick<ShownFrame, "keys">;
type Placed = Pick<ShownFrame, "keys" | "points">;

/** The key of a point's sample. */
export const keyAt = (shown: Keyed | null, index: number): number => shown?.keys?.[index] ?? index;

/** The sample that a point is. */
export const sampleAt = (shown: Keyed & { film: { splits: readonly string[] } }, index: number): Sample =>
  sampleOf(shown.film.splits, keyAt(shown, index));

/** Keys of points. */
export const keysAt = ({ keys }: Keyed, indices: Uint32Array): Uint32Array =>
  keys ? indices.map((index) => keys[index]) : indices;

/** The point of a sample; -1 where the film has none. Keys ascend. */
export function indexAt({ keys, points }: Placed, wanted: number): number {
  if (!keys || keys[wanted] === wanted) return wanted < points.n ? wanted : -1;
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return keys[low] === wanted ? low : -1;
}

const found = new WeakMap<Uint32Array, { of: Uint32Array | null; n: number; indices: Uint32Array }>();

/** The points of samples by ascending keys, ascending too; samples that the film does not have are left out. */
export function indicesAt(shown: Placed, wanted: Uint32Array): Uint32Array {
  const { keys, points } = shown;
  const before = found.get(wanted);
  if (before?.of === keys && before.n === points.n) return before.indices;
  const indices = new Uint32Array(wanted.length);
  let kept = 0;
  for (const key of wanted) {
    const index = indexAt(shown, key);
    if (index >= 0) indices[kept++] = index;
  }
  const all = kept === wanted.length ? indices : indices.slice(0, kept);
  found.set(wanted, { of: keys, n: points.n, indices: all });
  return all;
}
