/** Pure: the few points that deserve to be seen among many. */
import type { CategoricalColumn, ColumnValues } from "../api/bytes";

/** More than this share of the points are not few. */
const FEW = 0.1;
/** A category is rare below this share of what it would have if all were of one size. */
const UNEVEN = 0.2;
/** Numbers below and above these quantiles are extremes. */
const TAILS = [0.01, 0.99] as const;
/** Quantiles are taken from at most this many values. */
const SORTED = 50_000;

export type Rare = {
  n: number;
  drawn: Uint32Array;
  /** What colours the points. */
  colour: ColumnValues | null;
  /** 1 for wrong predictions; null where unknown. */
  wrong: Uint8Array | null;
  tags: readonly CategoricalColumn[];
};

/**
 * 1 for points that are drawn over the others: wrong predictions, tagged samples, rare categories and extremes of
 * the colour; each only where it concerns few of the points drawn. null where none is.
 */
export function rarePoints({ n, drawn, colour, wrong, tags }: Rare): Uint8Array | null {
  const lifted = new Uint8Array(n);
  const most = FEW * drawn.length;
  let any = false;
  const lift = (is: (i: number) => boolean) => {
    let count = 0;
    for (const i of drawn) if (is(i)) count++;
    if (count === 0 || count > most) return;
    any = true;
    for (const i of drawn) if (is(i)) lifted[i] = 1;
  };
  if (wrong) lift((i) => wrong[i] === 1);
  for (const { codes } of tags) lift((i) => codes[i] === 1);
  if (colour?.kind === "categorical") {
    const rare = rareCategories(colour, drawn);
    if (rare) lift((i) => rare[colour.codes[i]] === 1);
  } else if (colour) {
    const [low, high] = tailsOf(colour.values, drawn);
    lift((i) => colour.values[i] < low || colour.values[i] > high);
  }
  return any ? lifted : null;
}

/** 1 for the codes of rare categories. */
function rareCategories({ codes, legend }: CategoricalColumn, drawn: Uint32Array): Uint8Array | null {
  const counts = new Uint32Array(legend.length);
  for (const i of drawn) if (codes[i] < legend.length) counts[codes[i]]++;
  const used = counts.reduce((sum, count) => sum + (count ? 1 : 0), 0);
  if (used < 2) return null;
  const most = (UNEVEN * drawn.length) / used;
  const rare = Uint8Array.from(counts, (count) => (count > 0 && count < most ? 1 : 0));
  return rare.includes(1) ? rare : null;
}

function tailsOf(values: Float32Array, drawn: Uint32Array): readonly [number, number] {
  const stride = Math.max(1, Math.ceil(drawn.length / SORTED));
  const known: number[] = [];
  for (let at = 0; at < drawn.length; at += stride) {
    if (Number.isFinite(values[drawn[at]])) known.push(values[drawn[at]]);
  }
  if (known.length === 0) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const sorted = Float32Array.from(known).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return [at(TAILS[0]), at(TAILS[1])];
}
