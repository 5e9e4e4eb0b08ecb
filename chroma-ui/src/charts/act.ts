/** Pure: what a click or a drag on a chart's fields chooses. */
import { type Filter, toggled } from "../state/filters";
import { type Axis, NO_BIN } from "./axes";
import type { Model, Side } from "./model";

type Span = { side: Side; axis: Axis; bins: Uint16Array; from: number; to: number };

/** The bins of each axis between two fields, ends included; of an ECDF, all up to a field that is clicked. */
function spansOf(model: Model, from: number, to: number): Span[] {
  const { kind, x, y, xAxis, yAxis, xBins, yBins, fields } = model;
  const { nx, ny } = fields;
  const between = (a: number, b: number) => ({ from: Math.min(a, b), to: Math.max(a, b) });
  const across = between(from % nx, to % nx);
  if (kind === "box" && y && yAxis && yBins) return [{ side: y, axis: yAxis, bins: yBins, ...across }];
  if (kind === "ecdf" && from === to) across.from = 0;
  const spans: Span[] = [{ side: x, axis: xAxis, bins: xBins, ...across }];
  if (ny > 1 && y && yAxis && yBins)
    spans.push({ side: y, axis: yAxis, bins: yBins, ...between(Math.floor(from / nx), Math.floor(to / nx)) });
  return spans;
}

type Ends = { low: Float64Array; high: Float64Array };
const known = new WeakMap<Uint16Array, Ends>();

/** The least and the greatest value in each bin: a filter from the one to the other passes exactly the bin. */
function endsOf(bins: Uint16Array, values: Float32Array, n: number): Ends {
  const before = known.get(bins);
  if (before) return before;
  const ends = { low: new Float64Array(n).fill(Infinity), high: new Float64Array(n).fill(-Infinity) };
  for (let i = 0; i < bins.length; i++) {
    const bin = bins[i];
    if (bin === NO_BIN) continue;
    if (values[i] < ends.low[bin]) ends.low[bin] = values[i];
    if (values[i] > ends.high[bin]) ends.high[bin] = values[i];
  }
  known.set(bins, ends);
  return ends;
}

/** The filters that exactly these fields pass; none where no sample lies in them. */
export function filtersOf(model: Model, from: number, to: number): Filter[] {
  const filters: Filter[] = [];
  for (const { side, axis, bins, from: first, to: last } of spansOf(model, from, to)) {
    if (axis.kind === "names") {
      filters.push({ column: side.name, values: axis.names.slice(first, last + 1) });
      continue;
    }
    if (side.values.kind !== "numeric") return [];
    const ends = endsOf(bins, side.values.values, axis.bins);
    const low = ends.low.slice(first, last + 1).reduce((a, b) => Math.min(a, b), Infinity);
    const high = ends.high.slice(first, last + 1).reduce((a, b) => Math.max(a, b), -Infinity);
    if (low > high) return [];
    filters.push({ column: side.name, range: [low, high] });
  }
  return filters;
}

/** The points within these fields that pass the filters, ascending. */
export function pointsIn(model: Model, from: number, to: number, kept: Uint8Array): Uint32Array {
  const spans = spansOf(model, from, to);
  const { xBins, yBins } = model;
  const found = new Uint32Array(kept.length);
  let n = 0;
  for (let i = 0; i < kept.length; i++) {
    if (!kept[i] || xBins[i] === NO_BIN || (yBins && yBins[i] === NO_BIN)) continue;
    let inside = true;
    for (const { bins, from: first, to: last } of spans) inside &&= bins[i] >= first && bins[i] <= last;
    if (inside) found[n++] = i;
  }
  return found.slice(0, n);
}

const same = (a: Filter | undefined, b: Filter) => JSON.stringify(a) === JSON.stringify(b);

/** The filters of the chart's columns after these fields were chosen: once more takes them away. */
export function chosenFilters(
  before: readonly Filter[],
  chosen: readonly Filter[],
): { column: string; filter: Filter | null }[] {
  const now = (column: string) => before.find((filter) => filter.column === column);
  if (chosen.every((filter) => same(now(filter.column), filter)))
    return chosen.map(({ column }) => ({ column, filter: null }));
  const [one] = chosen;
  if (chosen.length === 1 && "values" in one && one.values.length === 1)
    return [{ column: one.column, filter: toggled(now(one.column), one.column, one.values[0]) }];
  return chosen.map((filter) => ({ column: filter.column, filter }));
}

/** Whether a filter says exactly this field. */
export const isChosen = (model: Model, field: number, filters: readonly Filter[]): boolean => {
  const own = filters.filter(({ column }) => column === model.x.name || column === model.y?.name);
  if (own.length === 0) return false;
  const wanted = filtersOf(model, field, field);
  return (
    wanted.length > 0 &&
    wanted.every((each) => {
      const found = own.find(({ column }) => column === each.column);
      if (!found) return false;
      return "values" in found && "values" in each
        ? each.values.every((value) => found.values.includes(value))
        : same(found, each);
    })
  );
};
