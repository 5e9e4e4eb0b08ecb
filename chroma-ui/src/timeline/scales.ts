/** Pure: the scale a curve is drawn to. */

export type Scale = { low: number; high: number; log: boolean };

/** Shares are drawn from 0 to 1, on one axis for all of them. */
export const SHARES: Scale = { low: 0, high: 1, log: false };

/** Positive values that differ by more than this factor are drawn by their logarithm: the small ones would be flat. */
const WIDE = 100;

export function scaleFor(values: readonly number[]): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low >= 0 && high <= 1) return SHARES;
  return { low, high, log: low > 0 && high / low > WIDE };
}

/** The height of a value, 0 to 1. */
export function heightIn({ low, high, log }: Scale, value: number): number {
  if (!(high > low)) return 0.5;
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}
