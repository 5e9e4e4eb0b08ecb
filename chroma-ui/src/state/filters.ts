/** Pure: filters of points by the values of their columns. */
import type { ColumnValues } from "../api/bytes";

/** Passes points with one of these values, or within this range, ends included. */
export type Filter = { column: string } & ({ values: string[] } | { range: [number, number] });

/** The category of points without a value. */
export const NOT_KNOWN = "not known";

/** The column that says which points the search finds. */
export const FOUND = "search";

/** The filters with a column's filter replaced, or removed by null. */
export function withFilter(filters: readonly Filter[], column: string, filter: Filter | null): Filter[] {
  const others = filters.filter((other) => other.column !== column);
  return filter ? [...others, filter] : others;
}

/** The filter with one value added or removed; null where none is left. */
export function toggled(filter: Filter | undefined, column: string, value: string): Filter | null {
  const kept = filter && "values" in filter ? filter.values : [];
  const values = kept.includes(value) ? kept.filter((other) => other !== value) : [...kept, value];
  return values.length ? { column, values } : null;
}

export const writeFilter = (filter: Filter): string =>
  JSON.stringify([filter.column, ...("values" in filter ? filter.values : [filter.range])]);

export function readFilter(text: string): Filter | null {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(parts) || typeof parts[0] !== "string" || parts.length < 2) return null;
  const [column, ...rest] = parts as [string, ...unknown[]];
  if (rest.every((value) => typeof value === "string")) return { column, values: rest as string[] };
  const [range] = rest;
  const ends = Array.isArray(range) && range.length === 2 && range.every((end) => typeof end === "number");
  return ends && range[0] <= range[1] ? { column, range: range as [number, number] } : null;
}

/** How many filters each point fails, and by column which points fail it. */
export type Sifted = { fails: Uint8Array; failing: Map<string, Uint8Array> };

/** A filter whose column is missing, or of another kind, passes all points. */
export function sift(
  n: number,
  columns: ReadonlyMap<string, ColumnValues>,
  filters: readonly Filter[],
): Sifted {
  const fails = new Uint8Array(n);
  const failing = new Map<string, Uint8Array>();
  for (const filter of filters) {
    const failed = failedBy(n, columns.get(filter.column), filter);
    if (!failed) continue;
    failing.set(filter.column, failed);
    for (let i = 0; i < n; i++) fails[i] += failed[i];
  }
  return { fails, failing };
}

function failedBy(n: number, column: ColumnValues | undefined, filter: Filter): Uint8Array | null {
  const failed = new Uint8Array(n);
  if (column?.kind === "categorical" && "values" in filter) {
    const wanted = new Uint8Array(column.legend.length + 1);
    column.legend.forEach((name, code) => {
      wanted[code] = filter.values.includes(name) ? 1 : 0;
    });
    wanted[column.legend.length] = filter.values.includes(NOT_KNOWN) ? 1 : 0;
    for (let i = 0; i < n; i++) failed[i] = wanted[Math.min(column.codes[i], column.legend.length)] ? 0 : 1;
    return failed;
  }
  if (column?.kind === "numeric" && "range" in filter) {
    const [low, high] = filter.range;
    for (let i = 0; i < n; i++) failed[i] = column.values[i] >= low && column.values[i] <= high ? 0 : 1;
    return failed;
  }
  return null;
}

/** 1 for the points that pass all filters except this column's. */
export function passingOthers({ fails, failing }: Sifted, column: string): Uint8Array {
  const own = failing.get(column);
  return fails.map((count, i) => (count - (own ? own[i] : 0) === 0 ? 1 : 0));
}
