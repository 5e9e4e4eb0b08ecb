/** Pure: how labels and predictions go together, at one frame and through all. */
import type { CategoricalColumn } from "../api/bytes";

export type Matrix = {
  /** Classes of labels and predictions. */
  names: readonly string[];
  /** Samples of a label and a prediction: `counts[label * names.length + prediction]`. */
  counts: Uint32Array;
  /** Samples whose label and prediction are known, and how many of them are right. */
  known: number;
  right: number;
};

/** All classes of two columns, those of the label first. */
const namesOf = (label: CategoricalColumn, prediction: CategoricalColumn): string[] => [
  ...new Set([...label.legend, ...prediction.legend]),
];

/** The class of each sample by its number in `names`; −1 where it is not known. */
function numbered({ codes, legend }: CategoricalColumn, names: readonly string[]): Int32Array {
  const places = legend.map((name) => names.indexOf(name));
  return Int32Array.from(codes, (code) => places[code] ?? -1);
}

export function confusionOf(label: CategoricalColumn, prediction: CategoricalColumn): Matrix {
  const names = namesOf(label, prediction);
  const [given, predicted] = [numbered(label, names), numbered(prediction, names)];
  const counts = new Uint32Array(names.length ** 2);
  let [known, right] = [0, 0];
  for (let i = 0; i < given.length; i++) {
    if (given[i] < 0 || predicted[i] < 0) continue;
    counts[given[i] * names.length + predicted[i]]++;
    known++;
    if (given[i] === predicted[i]) right++;
  }
  return { names, counts, known, right };
}

/** Points of a label and a prediction. */
export function pointsOf(
  label: CategoricalColumn,
  prediction: CategoricalColumn,
  given: string,
  predicted: string,
): Uint32Array {
  const [row, column] = [label.legend.indexOf(given), prediction.legend.indexOf(predicted)];
  const found: number[] = [];
  for (let i = 0; i < label.codes.length; i++)
    if (label.codes[i] === row && prediction.codes[i] === column) found.push(i);
  return Uint32Array.from(found);
}

/** Names without the words that they all begin with: "digit 3" and "digit 8" are 3 and 8. */
export function tellingNames(names: readonly string[]): string[] {
  if (names.length < 2) return [...names];
  let shared = names[0].length;
  for (const name of names) {
    while (!name.startsWith(names[0].slice(0, shared))) shared--;
  }
  const words = names[0].slice(0, shared).search(/[^\p{L}\p{N}][\p{L}\p{N}]*$/u) + 1;
  return names.some((name) => name.length === words) ? [...names] : names.map((name) => name.slice(words));
}

export type Norm = "count" | "label" | "prediction";

export const countIn = ({ names, counts }: Matrix, label: number, prediction: number): number =>
  counts[label * names.length + prediction];

/** Samples of each label, and of each prediction. */
export function totalsOf(matrix: Matrix): { labels: number[]; predictions: number[] } {
  const labels = matrix.names.map(() => 0);
  const predictions = matrix.names.map(() => 0);
  for (let i = 0; i < labels.length; i++) {
    for (let j = 0; j < labels.length; j++) {
      labels[i] += countIn(matrix, i, j);
      predictions[j] += countIn(matrix, i, j);
    }
  }
  return { labels, predictions };
}

/** The classes that are confused most, in the order of the legend; all where they are no more than `most`. */
export function mostConfused(matrix: Matrix, most: number): number[] {
  const all = [...matrix.names.keys()];
  if (all.length <= most) return all;
  const { labels, predictions } = totalsOf(matrix);
  const wrong = all.map((i) => labels[i] + predictions[i] - 2 * countIn(matrix, i, i));
  return all
    .sort((a, b) => wrong[b] - wrong[a] || a - b)
    .slice(0, most)
    .sort((a, b) => a - b);
}

/** Two classes through the frames. */
export type Pair = {
  names: readonly [string, string];
  /** By frame: the share of the samples of both that the model takes for the other; null where none is known. */
  shares: (number | null)[];
  peak: number;
  /** The frame from which fewer than half as many are confused as at the peak; null while that is not so. */
  parted: number | null;
};

/** Pairs that never have so large a share are not listed. */
const LEAST_SHARE = 0.02;

/** Pairs of classes that were confused: those that still are first, then those that parted last. */
export function pairsOf(matrices: readonly Matrix[]): Pair[] {
  const [first] = matrices;
  if (!first) return [];
  const totals = matrices.map((matrix) => totalsOf(matrix).labels);
  const found: Pair[] = [];
  for (let a = 0; a < first.names.length; a++) {
    for (let b = a + 1; b < first.names.length; b++) {
      const shares = matrices.map((matrix, at) => {
        const of = totals[at][a] + totals[at][b];
        return of ? (countIn(matrix, a, b) + countIn(matrix, b, a)) / of : null;
      });
      const peak = shares.reduce<number>((most, share) => Math.max(most, share ?? 0), 0);
      if (peak < LEAST_SHARE) continue;
      const held = shares.findLastIndex((share) => share !== null && share >= peak / 2);
      const parted = held < shares.length - 1 ? held + 1 : null;
      found.push({ names: [first.names[a], first.names[b]], shares, peak, parted });
    }
  }
  const lateness = ({ parted }: Pair) => parted ?? Number.POSITIVE_INFINITY;
  const now = ({ shares }: Pair) => shares[shares.length - 1] ?? 0;
  return found.sort((x, y) =>
    lateness(x) === lateness(y) ? now(y) - now(x) || y.peak - x.peak : lateness(x) > lateness(y) ? -1 : 1,
  );
}
