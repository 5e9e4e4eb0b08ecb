/** Pure: what is more common among the selected points than among all. */
import type { CategoricalColumn, ColumnValues, NumericColumn } from "../api/bytes";

export type Share = { name: string; count: number; of: number; inside: number; lift: number };

/** Categories with their shares of the selection and of all points, the most over-represented first. */
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

/** A category or number in which the selected points differ from all points. */
export type Standout = {
  column: string;
  /** The category; null for numbers. */
  value: string | null;
  inside: number;
  all: number;
  /** Difference between the selection and all points, in standard errors. */
  score: number;
};

/** Differences of fewer standard errors than this count as chance. */
const LEAST_SCORE = 3;

/** The strongest differences between the selected points and all points, the strongest first. */
export function standouts(
  columns: ReadonlyMap<string, ColumnValues>,
  present: Uint8Array,
  selected: Uint32Array,
): Standout[] {
  const found = [...columns].flatMap(([column, values]): Standout[] => {
    if (values.kind === "numeric") {
      const whole = momentsOf(values, present.keys(), present);
      const inside = momentsOf(values, selected, present);
      const error = whole.deviation / Math.sqrt(inside.n);
      const score = (inside.mean - whole.mean) / error;
      return Number.isFinite(score)
        ? [{ column, value: null, inside: inside.mean, all: whole.mean, score }]
        : [];
    }
    return compareShares(values, present, selected).flatMap(({ name, inside, lift }) => {
      const share = inside / lift;
      const score = (inside - share) / Math.sqrt((share * (1 - share)) / selected.length);
      return Number.isFinite(score) && score > 0 ? [{ column, value: name, inside, all: share, score }] : [];
    });
  });
  return found
    .filter(({ score }) => Math.abs(score) >= LEAST_SCORE)
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
}

function momentsOf(column: NumericColumn, among: Iterable<number>, present: Uint8Array) {
  let [n, mean, squares] = [0, 0, 0];
  for (const i of among) {
    const value = column.values[i];
    if (!present[i] || !Number.isFinite(value)) continue;
    n++;
    // Welford 1962: exact where values are large and close together.
    const away = value - mean;
    mean += away / n;
    squares += away * (value - mean);
  }
  return { n, mean, deviation: Math.sqrt(squares / Math.max(1, n - 1)) };
}

/** Sample indices that fit beside a 32-bit key in the 53 bits of a number. */
const MOST_SORTED = 2 ** 21;
const MISSING_KEY = 2 ** 32 - 1;

/** Samples sorted by a column: numbers ascending, categories as in the legend, missing values last. */
export function sortedBy(
  selected: Uint32Array,
  column: ColumnValues | null,
  descending: boolean,
): Uint32Array {
  if (!column) return descending ? selected.slice().reverse() : selected;
  const few = selected.subarray(0, MOST_SORTED);
  const keys = keysOf(few, column);
  // Key and index in one number: sorting a million numbers without a comparator takes a tenth of a second.
  const packed = Float64Array.from(keys, (key, order) => {
    const wanted = key === MISSING_KEY || !descending ? key : MISSING_KEY - 1 - key;
    return wanted * MOST_SORTED + order;
  }).sort();
  const sorted = new Uint32Array(few.length);
  for (let at = 0; at < few.length; at++) sorted[at] = few[packed[at] % MOST_SORTED];
  return sorted;
}

/** Unsigned integers that sort like the values; `MISSING_KEY` where a value is missing. */
function keysOf(selected: Uint32Array, column: ColumnValues): Uint32Array {
  if (column.kind === "categorical") {
    const { codes, legend } = column;
    return selected.map((i) => (codes[i] < legend.length ? codes[i] : MISSING_KEY));
  }
  // Adding 0 turns -0 into 0, which is the same number.
  const values = Float32Array.from(selected, (i) => column.values[i] + 0);
  // The bits of floats sort like their values once those of negative ones are inverted.
  return new Uint32Array(values.buffer).map((bits, at) =>
    Number.isFinite(values[at]) ? (bits >>> 31 ? ~bits : bits | 0x80000000) >>> 0 : MISSING_KEY,
  );
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
