/** Pure: the runs on the home page, as the server found and ordered them. */
import type { HomeQuery } from "../api/gql/graphql";

export type HomeRun = HomeQuery["runsPage"]["runs"][number];

/** The last value of a metric, NaN and infinities too; null where the run has none. */
export function lastValue(run: Pick<HomeRun, "lastMetrics">, metric: string): number | null {
  const found = run.lastMetrics.find(({ name }) => name === metric);
  return found ? Number(found.value) : null;
}

/** Runs by project, projects by their first run: the order within and between them stays. */
export function byProject(runs: readonly HomeRun[]): [project: string, runs: HomeRun[]][] {
  const found = new Map<string, HomeRun[]>();
  for (const run of runs) found.set(run.project, [...(found.get(run.project) ?? []), run]);
  return [...found];
}
