/** Pure: counts, accuracies and histograms of the points of one frame. */
import type { CategoricalColumn } from "../api/bytes";

export function countCodes(codes: Uint16Array, present: Uint8Array, size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (let i = 0; i < codes.length; i++) if (present[i] && codes[i] < size) counts[codes[i]]++;
  return counts;
}

/** 1 where label and prediction are both known and differ, else 0. */
export function wrongPoints(label: CategoricalColumn, prediction: CategoricalColumn): Uint8Array {
  const labelOf = sharedCodes(prediction.legend, label.legend);
  return Uint8Array.from(label.codes, (code, i) => {
    const predicted = prediction.codes[i];
    const known = code < label.legend.length && predicted < prediction.legend.length;
    return known && labelOf[predicted] !== code ? 1 : 0;
  });
}

/**
 * Share of right predictions within each category of `by`: accuracy per class where `by` is the label,
 * precision where it is the prediction; null where nothing is known.
 */
export function shareRight(
  by: CategoricalColumn,
  label: CategoricalColumn,
  prediction: CategoricalColumn,
  present: Uint8Array,
): (number | null)[] {
  const labelOf = sharedCodes(prediction.legend, label.legend);
  const known = new Array<number>(by.legend.length).fill(0);
  const right = new Array<number>(by.legend.length).fill(0);
  for (let i = 0; i < by.codes.length; i++) {
    const group = by.codes[i];
    if (!present[i] || group >= known.length) continue;
    if (label.codes[i] >= label.legend.length || prediction.codes[i] >= prediction.legend.length) continue;
    known[group]++;
    if (labelOf[prediction.codes[i]] === label.codes[i]) right[group]++;
  }
  return known.map((total, group) => (total ? right[group] / total : null));
}

function sharedCodes(from: readonly string[], to: readonly string[]): number[] {
  return from.map((name) => to.indexOf(name));
}

/** Points per bin. Values outside the range count in the outermost bins, missing values in none. */
export function histogram(
  values: Float32Array,
  present: Uint8Array,
  low: number,
  high: number,
  bins: number,
): number[] {
  const counts = new Array<number>(bins).fill(0);
  const span = high > low ? high - low : 1;
  for (let i = 0; i < values.length; i++) {
    if (!present[i] || !Number.isFinite(values[i])) continue;
    const bin = Math.floor(((values[i] - low) / span) * bins);
    counts[Math.min(bins - 1, Math.max(0, bin))]++;
  }
  return counts;
}

/** The least and the greatest known value; 0 and 0 where there is none. */
export function knownRange(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low && value > -Infinity) low = value;
    if (value > high && value < Infinity) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

const SCALES: Readonly<Record<string, readonly [number, number]>> = {
  confidence: [0, 1],
  margin: [-1, 1],
  agreement: [0, 1],
  kept: [0, 1],
  in_picture: [0, 1],
};
/** Percentiles are taken from at most this many values: more change them little. */
const SORTED = 100_000;

/** Known values, ascending; of many an even sample. */
export function knownSorted(values: Float32Array): Float32Array {
  const stride = Math.ceil(values.length / SORTED);
  return values.filter((value, i) => i % stride === 0 && Number.isFinite(value)).sort();
}

/** Whether a column's scale is always the same, linear one: it is a share. */
export const isShare = (name: string): boolean => name in SCALES;

/** The range of a colour scale: fixed for shares, else the 1st to the 99th percentile; null where nothing is known. */
export function valueRange(name: string, known: Float32Array): [number, number] | null {
  const scale = SCALES[name];
  if (scale) return [scale[0], scale[1]];
  if (known.length === 0) return null;
  const at = (share: number) => known[Math.round(share * (known.length - 1))];
  return at(0.01) < at(0.99) ? [at(0.01), at(0.99)] : [known[0], known[known.length - 1]];
}
