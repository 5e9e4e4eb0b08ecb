/** Pure: the keys of the samples that a film's points are. */
import type { CategoricalColumn, NumericColumn } from "../api/bytes";
import { keyOf } from "../state/sampleKey";

const known = new WeakMap<NumericColumn, { split: CategoricalColumn | null; keys: Uint32Array }>();

/**
 * Keys of a film's points, from the columns that say which samples they are; null where each point's number is its
 * key. The same array for the same columns.
 */
export function keysFrom(
  splits: readonly string[],
  position: NumericColumn | null,
  split: CategoricalColumn | null,
): Uint32Array | null {
  if (!position) return null;
  const made = known.get(position);
  if (made?.split === split) return made.keys;
  const starts = split?.legend.map((name) => keyOf(splits, { split: name, position: 0 }) ?? 0);
  const keys = Uint32Array.from(position.values, (at, i) => at + (starts?.[split?.codes[i] ?? 0] ?? 0));
  known.set(position, { split, keys });
  return keys;
}
