/** Pure: scales that turn numbers into colours. */
import { type Codes, encodeNumeric } from "./encode";
import { RAMP_STEPS } from "./palette";

export const SCALES = ["linear", "log", "quantile"] as const;
export type ScaleKind = (typeof SCALES)[number];

/** `edges` ascend: a value's colour is the number of edges at or below it; only of a quantile scale. */
export type Scale = { kind: ScaleKind; low: number; high: number; edges: Float32Array };

const NO_EDGES = new Float32Array(0);
/** A log scale where values of nine tenths differ by more than this factor. */
const DECADES = 50;
/** A quantile scale where four fifths of the values fill less than this share of the range. */
const CROWDED = 0.15;

const at = (sorted: Float32Array, share: number): number => sorted[Math.round(share * (sorted.length - 1))];

/** The least value that a log scale can show; null where values are below zero, or all are zero. */
function leastPositive(sorted: Float32Array, low: number): number | null {
  if (low > 0) return low;
  if (sorted.length === 0 || sorted[0] < 0) return null;
  const positive = sorted.filter((value) => value > 0);
  return positive.length ? Math.max(positive[0], at(positive, 0.01)) : null;
}

/** Which scale shows most of these values, ascending, apart. */
export function shapeOf([low, high]: readonly [number, number], sorted: Float32Array): ScaleKind {
  if (sorted.length < 2 || !(low < high)) return "linear";
  const [few, many] = [at(sorted, 0.05), at(sorted, 0.95)];
  if (sorted[0] >= 0 && few > 0 && many / few > DECADES) return "log";
  return (at(sorted, 0.9) - at(sorted, 0.1)) / (high - low) < CROWDED ? "quantile" : "linear";
}

/** A scale over a range; where its kind cannot show the values, a linear one. `sorted` are known values, ascending. */
export function scaleOf(
  kind: ScaleKind,
  [low, high]: readonly [number, number],
  sorted: Float32Array,
): Scale {
  if (kind === "log") {
    const least = leastPositive(sorted, low);
    if (least !== null && least < high) return { kind, low: least, high, edges: NO_EDGES };
  }
  if (kind === "quantile" && sorted.length > 1) {
    const edges = Float32Array.from({ length: RAMP_STEPS - 1 }, (_, i) => at(sorted, (i + 1) / RAMP_STEPS));
    return { kind, low, high, edges };
  }
  return { kind: "linear", low, high, edges: NO_EDGES };
}

/** How many edges are at or below a value. */
function rank(edges: Float32Array, value: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function encodeScaled(values: Float32Array, { kind, low, high, edges }: Scale): Codes {
  if (kind === "linear") return encodeNumeric(values, low, high);
  if (kind === "log") {
    const logs = values.map((value) => Math.log(Math.max(value, low)));
    return encodeNumeric(logs, Math.log(low), Math.log(high));
  }
  const codes = Uint16Array.from(values, (value) =>
    Number.isFinite(value) ? rank(edges, value) : RAMP_STEPS,
  );
  return { codes, missing: RAMP_STEPS };
}

/** The colour of a value, as a share of the ramp. */
export function shadeAt({ kind, low, high, edges }: Scale, value: number): number {
  if (kind === "quantile") return rank(edges, value) / (RAMP_STEPS - 1);
  const [from, to, is] =
    kind === "log" ? [low, high, Math.max(value, low)].map(Math.log) : [low, high, value];
  return Math.min(1, Math.max(0, (is - from) / (to > from ? to - from : 1)));
}
