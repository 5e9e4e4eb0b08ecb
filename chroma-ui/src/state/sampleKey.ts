/**
 * Pure: which sample is meant, as one number: its split and its position in it. Keys of the first split of a film are
 * the positions themselves; keys ascend in the order of the film's points.
 */

/** A sample by its split and its position there. */
export type Sample = { split: string; position: number };

/** The keys of each split begin at a multiple of this. */
const ROOM = 2 ** 27;

/** null where the sample is of none of these splits. */
export function keyOf(splits: readonly string[], { split, position }: Sample): number | null {
  const at = splits.indexOf(split);
  return at < 0 ? null : at * ROOM + position;
}

/** The number of a sample's split among those of a film. */
export const splitNumber = (key: number): number => Math.floor(key / ROOM);

export const sampleOf = (splits: readonly string[], key: number): Sample => ({
  split: splits[splitNumber(key)] ?? splits[0] ?? "",
  position: key % ROOM,
});
