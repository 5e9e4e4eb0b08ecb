/** Pure: numbers that identify the same sample in the films of all panes. */

/** In `matches`: the other split does not have this sample. */
const NO_MATCH = 0xffffffff;

export type SampleNumbers = {
  /** Sample number of each point of the film. */
  numbers: Uint32Array;
  /** Sample number at a position of this film's split. */
  numberAt: (position: number) => number;
  /** The point of a sample in this film; -1 where the film does not have it. */
  indexOf: (number: number) => number;
  /** How many points belong to samples that the first pane's split has too. */
  shared: number;
};

/**
 * Numbers of the points of one film. A sample of the first pane's split has its position there as its number; others
 * are numbered from `base`, which must be greater than all numbers given before.
 */
export function sampleNumbersOf(
  n: number,
  positionOf: (index: number) => number,
  match: Uint32Array | null,
  base: number,
): SampleNumbers {
  const known = (position: number) => match === null || (match[position] ?? NO_MATCH) !== NO_MATCH;
  const numberAt = (position: number) =>
    match === null ? position : known(position) ? match[position] : base + position;
  const numbers = new Uint32Array(n);
  const places = new Map<number, number>();
  let shared = 0;
  for (let i = 0; i < n; i++) {
    const position = positionOf(i);
    if (known(position)) shared++;
    numbers[i] = numberAt(position);
    places.set(numbers[i], i);
  }
  return { numbers, shared, numberAt, indexOf: (number) => places.get(number) ?? -1 };
}

/** Points of a film by sample numbers, ascending. */
export function pointsOf(sampleNumbers: SampleNumbers, numbers: Uint32Array): Uint32Array {
  const found = new Uint32Array(numbers.length);
  let kept = 0;
  for (const number of numbers) {
    const index = sampleNumbers.indexOf(number);
    if (index >= 0) found[kept++] = index;
  }
  return found.slice(0, kept).sort();
}

/** Sample numbers of points of a film, ascending. */
export const numbersOf = (sampleNumbers: SampleNumbers, indices: Uint32Array): Uint32Array =>
  Uint32Array.from(indices, (i) => sampleNumbers.numbers[i]).sort();
