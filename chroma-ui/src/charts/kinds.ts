/** Pure: which kinds of charts fit the columns. */
import type { Column } from "../api/bytes";
import type { Chart, ChartKind } from "../state/charts";

export const KIND_NAMES: Readonly<Record<ChartKind, string>> = {
  bars: "Counts",
  histogram: "Histogram",
  ecdf: "ECDF",
  box: "Boxes",
  scatter: "Scatter",
  heat: "Heat map",
};

/** The kinds that columns of these types allow, the most telling one first. */
export function kindsFor(x: Column["kind"], y: Column["kind"] | null): readonly ChartKind[] {
  if (y === null) return x === "CATEGORICAL" ? ["bars"] : ["histogram", "ecdf"];
  if (x === "CATEGORICAL" && y === "CATEGORICAL") return ["heat"];
  return x === y ? ["scatter", "heat"] : ["box", "ecdf", "heat"];
}

/** The chosen kind where the columns allow it, else the most telling one. */
export function kindOf(chart: Chart, x: Column, y: Column | null): ChartKind {
  const kinds = kindsFor(x.kind, y?.kind ?? null);
  return kinds.find((kind) => kind === chart.kind) ?? kinds[0];
}

/** Shown until a person adds or removes a chart. */
export function usualCharts(columns: readonly Column[]): Chart[] {
  const has = (name: string) => columns.some((column) => column.name === name && column.note === null);
  const one = (x: string, y: string | null): Chart => ({ x, y, kind: null, log: [] });
  const charts = [
    ...(has("label") ? [one("label", null)] : []),
    ...(has("confidence") ? [one("confidence", null)] : []),
    ...(has("label") && has("confidence") ? [one("confidence", "label")] : []),
  ];
  const first = columns.find(({ name }) => name !== "position");
  return charts.length || !first ? charts : [one(first.name, null)];
}
