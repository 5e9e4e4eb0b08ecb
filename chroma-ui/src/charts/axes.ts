/** Pure: from the values of a column to the bins of an axis. */
import type { CategoricalColumn, ColumnValues, NumericColumn } from "../api/bytes";

/** The bin of a sample that the axis does not show. */
export const NO_BIN = 0xffff;

/** What is common: how many samples have no value, or one that the axis cannot show. */
type Left = { missing: number; unfit: number };
/** A bin for each name; of more names than fit, the most frequent ones. `of` is the number of all. */
export type NameAxis = Left & { kind: "names"; names: readonly string[]; of: number; binOf: Uint16Array };
/** Bins of equal width between `low` and `high`, on a log scale of equal ratio. */
export type NumberAxis = Left & { kind: "numbers"; low: number; high: number; bins: number; log: boolean };
export type Axis = NameAxis | NumberAxis;

/** Whole numbers within a span up to this get a bin each. */
const MOST_WHOLE = 40;

export const sizeOf = (axis: Axis): number => (axis.kind === "names" ? axis.names.length : axis.bins);

export function axisOf(
  values: ColumnValues,
  present: Uint8Array,
  { most, bins, log }: { most: number; bins: number; log: boolean },
): Axis {
  return values.kind === "categorical"
    ? nameAxis(values, present, most)
    : numberAxis(values, present, bins, log);
}

function nameAxis({ codes, legend }: CategoricalColumn, present: Uint8Array, most: number): NameAxis {
  const counts = new Uint32Array(legend.length);
  let missing = 0;
  for (let i = 0; i < codes.length; i++) {
    if (!present[i]) continue;
    if (codes[i] < legend.length) counts[codes[i]]++;
    else missing++;
  }
  const collator = new Intl.Collator("en", { numeric: true });
  const used = [...legend.keys()].filter((code) => counts[code] > 0);
  const shown =
    used.length > most
      ? used.sort((a, b) => counts[b] - counts[a] || a - b).slice(0, most)
      : used.sort((a, b) => collator.compare(legend[a], legend[b]));
  const binOf = new Uint16Array(NO_BIN + 1).fill(NO_BIN);
  let placed = 0;
  shown.forEach((code, bin) => {
    binOf[code] = bin;
    placed += counts[code];
  });
  const all = counts.reduce((sum, each) => sum + each, 0);
  const names = shown.map((code) => legend[code]);
  return { kind: "names", names, of: used.length, binOf, missing, unfit: all - placed };
}

function numberAxis(
  { values }: NumericColumn,
  present: Uint8Array,
  wanted: number,
  log: boolean,
): NumberAxis {
  let [low, high, missing, unfit, whole] = [Infinity, -Infinity, 0, 0, true];
  for (let i = 0; i < values.length; i++) {
    if (!present[i]) continue;
    const value = values[i];
    if (!Number.isFinite(value)) missing++;
    else if (log && value <= 0) unfit++;
    else {
      if (value < low) low = value;
      if (value > high) high = value;
      if (whole && !Number.isInteger(value)) whole = false;
    }
  }
  if (low > high)
    return { kind: "numbers", low: log ? 1 : 0, high: log ? 10 : 1, bins: 1, log, missing, unfit };
  if (!log && whole && high - low < Math.min(MOST_WHOLE, wanted))
    return { kind: "numbers", low: low - 0.5, high: high + 0.5, bins: high - low + 1, log, missing, unfit };
  if (low === high) {
    const room = log ? [low / 2, low * 2] : [low - 0.5, low + 0.5];
    return { kind: "numbers", low: room[0], high: room[1], bins: 1, log, missing, unfit };
  }
  return { kind: "numbers", low, high, bins: wanted, log, missing, unfit };
}

/** The bin of each sample; `NO_BIN` for those that the axis does not show. */
export function binsOf(values: ColumnValues, present: Uint8Array, axis: Axis): Uint16Array {
  const found = new Uint16Array(present.length).fill(NO_BIN);
  if (values.kind === "categorical" && axis.kind === "names") {
    const { codes } = values;
    for (let i = 0; i < found.length; i++) if (present[i]) found[i] = axis.binOf[codes[i]];
  } else if (values.kind === "numeric" && axis.kind === "numbers") {
    const { low, high, bins, log } = axis;
    const start = log ? Math.log(low) : low;
    const factor = bins / ((log ? Math.log(high) : high) - start);
    for (let i = 0; i < found.length; i++) {
      const value = values.values[i];
      if (!present[i] || !Number.isFinite(value) || (log && value <= 0)) continue;
      const bin = Math.floor(((log ? Math.log(value) : value) - start) * factor);
      found[i] = Math.min(bins - 1, Math.max(0, bin));
    }
  }
  return found;
}

/** Where a bin of numbers begins; the one after the last ends the axis. */
export function edgeOf({ low, high, bins, log }: NumberAxis, bin: number): number {
  const share = bin / bins;
  return log ? low * (high / low) ** share : low + share * (high - low);
}
