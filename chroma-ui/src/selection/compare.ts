/** Pure: what is more common among the selected points than among all. */
import type { CategoricalColumn, NumericColumn } from "../api/bytes";

export type Share = { name: string; count: number; of: number; inside: number; lift: number };

/** Categories by their share in the selection against their share of the whole, the most lifted first. */
export function compareShares(
  column: CategoricalColumn,
  present: Uint8Array,
  selected: Uint32Array,
): Share[] {
  const all = new Uint32Array(column.legend.length);
  const chosen = new Uint32Array(column.legend.length);
  let [known, picked] = [0, 0];
  for (let i = 0; i < column.codes.length; i++) {
    if (!present[i] || column.codes[i] >= all.length) continue;
    all[column.codes[i]]++;
    known++;
  }
  for (const i of selected) {
    if (!present[i] || column.codes[i] >= all.length) continue;
    chosen[column.codes[i]]++;
    picked++;
  }
  return column.legend
    .map((name, code) => ({
      name,
      count: chosen[code],
      of: all[code],
      inside: chosen[code] / Math.max(1, picked),
      lift: chosen[code] / Math.max(1, picked) / (all[code] / Math.max(1, known) || 1),
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || b.lift - a.lift);
}

/** Mean of the known values; NaN where there are none. */
export function meanOf(column: NumericColumn, among: Iterable<number>): number {
  let [sum, known] = [0, 0];
  for (const i of among) {
    if (!Number.isFinite(column.values[i])) continue;
    sum += column.values[i];
    known++;
  }
  return sum / known;
}

/** Share of marked points among those given. */
export function shareOf(marked: Uint8Array, among: Uint32Array): number {
  let found = 0;
  for (const i of among) found += marked[i];
  return found / Math.max(1, among.length);
}
