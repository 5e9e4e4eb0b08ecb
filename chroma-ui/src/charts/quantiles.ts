/** Pure: exact quantiles of many numbers by group, without sorting all of them. */
import { NO_BIN } from "./axes";

/** Fewer numbers than this are sorted. */
const FEW = 4_000;
const DIGITS = 1 << 16;

/** The quantiles at `shares` (nearest rank) of the values of each group; null for groups without a value. */
export function quantilesOf(
  values: Float32Array,
  groups: Uint16Array,
  groupCount: number,
  shares: readonly number[],
): (number[] | null)[] {
  const starts = new Uint32Array(groupCount + 1);
  for (let i = 0; i < values.length; i++)
    if (groups[i] !== NO_BIN && Number.isFinite(values[i])) starts[groups[i] + 1]++;
  for (let group = 0; group < groupCount; group++) starts[group + 1] += starts[group];
  const gathered = new Float32Array(starts[groupCount]);
  const next = starts.slice();
  for (let i = 0; i < values.length; i++)
    if (groups[i] !== NO_BIN && Number.isFinite(values[i])) gathered[next[groups[i]]++] = values[i];
  return Array.from({ length: groupCount }, (_, group) => {
    const own = gathered.subarray(starts[group], starts[group + 1]);
    return own.length ? quantiles(own, shares) : null;
  });
}

function quantiles(values: Float32Array, shares: readonly number[]): number[] {
  const ranks = shares.map((share) => Math.round(share * (values.length - 1)));
  if (values.length < FEW) {
    const sorted = values.slice().sort();
    return ranks.map((rank) => sorted[rank]);
  }
  // The bits of a float, as a whole number, are in the order of the values: count their upper half, then, among those
  // that share it with a rank, the lower half.
  const keys = keysOf(values);
  const upper = new Uint32Array(DIGITS + 1);
  for (let i = 0; i < keys.length; i++) upper[(keys[i] >>> 16) + 1]++;
  addUp(upper);
  const lower = new Map<number, Uint32Array>();
  return ranks.map((rank) => {
    const digit = lastAtMost(upper, rank);
    let counts = lower.get(digit);
    if (!counts) {
      counts = new Uint32Array(DIGITS + 1);
      for (let i = 0; i < keys.length; i++) if (keys[i] >>> 16 === digit) counts[(keys[i] & 0xffff) + 1]++;
      addUp(counts);
      lower.set(digit, counts);
    }
    return floatOf(((digit << 16) | lastAtMost(counts, rank - upper[digit])) >>> 0);
  });
}

function addUp(counts: Uint32Array): void {
  for (let at = 1; at < counts.length; at++) counts[at] += counts[at - 1];
}

/** The last digit before which at most `rank` numbers come. */
function lastAtMost(before: Uint32Array, rank: number): number {
  let [low, high] = [0, DIGITS - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before[middle + 1] > rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

const SIGN = 0x8000_0000;

function keysOf(values: Float32Array): Uint32Array {
  const keys = new Uint32Array(values.buffer, values.byteOffset, values.length).slice();
  for (let i = 0; i < keys.length; i++) {
    // -0 is 0
    const bit = values[i] === 0 ? 0 : keys[i];
    keys[i] = bit & SIGN ? ~bit : bit | SIGN;
  }
  return keys;
}

function floatOf(key: number): number {
  const bits = Uint32Array.of(key & SIGN ? key & ~SIGN : ~key);
  return new Float32Array(bits.buffer)[0];
}
