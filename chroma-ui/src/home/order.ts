/** Pure: the runs on the home page and their order. */
import type { HomeQuery } from "../api/gql/graphql";

export type HomeRun = HomeQuery["runs"][number];

/** The last value of a metric, NaN and infinities too; null where the run has none. */
export function lastValue(run: Pick<HomeRun, "lastMetrics">, metric: string): number | null {
  const found = run.lastMetrics.find(({ name }) => name === metric);
  return found ? Number(found.value) : null;
}

/** Names of metrics that any run has, the most common first. */
export function metricNames(runs: readonly Pick<HomeRun, "lastMetrics">[]): string[] {
  const counts = new Map<string, number>();
  for (const run of runs)
    for (const { name } of run.lastMetrics) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([name]) => name);
}

/** Runs that contain every word, ordered by `newest`, `oldest`, `name`, `size` or a metric (losses and errors lowest first). */
export function foundRuns(runs: readonly HomeRun[], words: string, order: string): HomeRun[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = runs.filter((run) => {
    const text = `${run.project} ${run.name} ${run.status} ${run.runTags.join(" ")}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  if (order === "newest") return fitting;
  if (order === "oldest") return fitting.reverse();
  if (order === "name") return fitting.sort((a, b) => a.name.localeCompare(b.name));
  if (order === "size") return fitting.sort((a, b) => b.bytes - a.bytes);
  const sign = /loss|err/i.test(order) ? 1 : -1;
  const rank = (run: HomeRun) => {
    const value = lastValue(run, order);
    return value === null || Number.isNaN(value) ? Number.POSITIVE_INFINITY : sign * value;
  };
  return fitting.sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

/** Runs by project, projects by their first run: the order within and between them stays. */
export function byProject(runs: readonly HomeRun[]): [project: string, runs: HomeRun[]][] {
  const found = new Map<string, HomeRun[]>();
  for (const run of runs) found.set(run.project, [...(found.get(run.project) ?? []), run]);
  return [...found];
}
