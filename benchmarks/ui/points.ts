/** The points of `run.py`: places are u16 of a square, two columns of classes. */
export type Cloud = { x: Uint16Array; y: Uint16Array; classes: Uint16Array; others: Uint16Array };

export const CLASSES = 10;

/** Fetches n points as they travel to the dashboard: little-endian u16, column by column. */
export async function pointsOf(n: number, seed: number): Promise<Cloud> {
  const answer = await fetch(`points-${n}-${seed}.bin`);
  const [x, y, classes, others] = columns(new Uint16Array(await answer.arrayBuffer()), n);
  return { x, y, classes, others };
}

const columns = (values: Uint16Array, n: number): Uint16Array[] =>
  [0, 1, 2, 3].map((column) => values.subarray(column * n, (column + 1) * n));

/** A path around about a fifth of the points, in plot coordinates. */
export const PATH = Array.from({ length: 48 }, (_, i) => {
  const turn = (i / 48) * 2 * Math.PI;
  return { x: 0.62 + 0.36 * Math.cos(turn), y: 0.3 + 0.46 * Math.sin(turn) };
});
