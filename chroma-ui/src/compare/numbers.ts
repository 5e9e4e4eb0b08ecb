/** Pure: configuration and metrics of several runs beside each other. */
import { groupOf } from "../timeline/groups";

type Logged = {
  name: string;
  points: readonly { epoch: number | null; step: number; value: number | string }[];
};
export type Numbered = { config: unknown; metrics: readonly Logged[] };

/** One line of the table; `values` in the order of the runs, null where a run has none. */
export type Row = { name: string; values: (string | null)[]; differs: boolean };
export type MetricRow = {
  name: string;
  values: (number | null)[];
  differs: boolean;
  /** The runs with the best last value; none where they are equal, or where it is unknown which is better. */
  best: number[];
};

/** The leaves of a configuration by dotted names: `optimizer.lr`. */
export function flat(config: unknown, under = ""): [string, string][] {
  if (config !== null && typeof config === "object" && !Array.isArray(config)) {
    const inner = Object.entries(config);
    if (inner.length || !under)
      return inner.flatMap(([name, value]) => flat(value, under ? `${under}.${name}` : name));
  }
  return under ? [[under, typeof config === "string" ? config : JSON.stringify(config)]] : [];
}

/** What differs comes first, each part by name. */
export function configRows(runs: readonly Numbered[]): Row[] {
  const known = runs.map(({ config }) => new Map(flat(config)));
  const names = [...new Set(known.flatMap((config) => [...config.keys()]))].sort();
  const rows = names.map((name): Row => {
    const values = known.map((config) => config.get(name) ?? null);
    return { name, values, differs: new Set(values).size > 1 };
  });
  return [...rows.filter(({ differs }) => differs), ...rows.filter(({ differs }) => !differs)];
}

/** The last value of each metric; losses and accuracies first, and it is said which is best of them. */
export function metricRows(runs: readonly Numbered[]): MetricRow[] {
  const names = [...new Set(runs.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
  const ranks = ["loss", "accuracy", "metric", "film", "machine"];
  const rankOf = (name: string) => ranks.indexOf(groupOf(name));
  names.sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
  return names.map((name) => {
    const values = runs.map(({ metrics }) => {
      const points = metrics.find((metric) => metric.name === name)?.points ?? [];
      return points.length ? Number(points[points.length - 1].value) : null;
    });
    const differs = new Set(values.map(String)).size > 1;
    const group = groupOf(name);
    const finite = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
    const judged = differs && finite.length > 1 && (group === "loss" || group === "accuracy");
    const top = group === "loss" ? Math.min(...finite) : Math.max(...finite);
    const best = judged ? values.flatMap((value, run) => (value === top ? [run] : [])) : [];
    return { name, values, differs, best };
  });
}

/** A metric of several runs on one axis: epochs where every value has one, else steps. */
export function curvesOf(name: string, runs: readonly Numbered[]) {
  const series = runs.map(({ metrics }) => metrics.find((metric) => metric.name === name)?.points ?? []);
  const byEpoch = series.every((points) => points.every(({ epoch }) => epoch !== null));
  return {
    axis: byEpoch ? ("epoch" as const) : ("step" as const),
    series: series.map((points) =>
      points
        .map(({ epoch, step, value }) => ({ at: byEpoch ? (epoch ?? 0) : step, value: Number(value) }))
        .sort((a, b) => a.at - b.at),
    ),
  };
}
