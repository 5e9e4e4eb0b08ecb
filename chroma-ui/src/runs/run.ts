/** A run as the dashboard opens it. */
import type { RunQuery } from "../api/gql/graphql";

export type RunDetail = NonNullable<RunQuery["run"]>;

/** The epochs, ascending, of which a run has snapshots of a layer and a split. */
export function epochsOf(run: RunDetail, layer: string, split: string): number[] {
  const taken = run.snapshots.flatMap((each) =>
    each.layer === layer && each.split === split && each.status !== "OPEN" && each.epoch !== null
      ? [each.epoch]
      : [],
  );
  return [...new Set(taken)].sort((a, b) => a - b);
}
