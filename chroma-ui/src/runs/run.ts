/** A run as the dashboard opens it. */
import type { RunQuery } from "../api/gql/graphql";
import { count } from "../lib/format";

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

/** What was captured of a layer in one split. */
export type Taken = {
  split: string;
  snapshots: number;
  /** Samples in the last snapshot, and those that the run follows. */
  n: number;
  of: number;
  partial: number;
  /** Steps with coordinates that were logged. */
  logged: number;
};

/** What was captured of a layer, by split. */
export function takenOf(run: RunDetail, layer: string): Taken[] {
  return run.splits.flatMap(({ name: split }) => {
    const taken = run.snapshots.filter((each) => each.layer === layer && each.split === split);
    const logged = run.coordinates.filter((each) => each.layer === layer && each.split === split);
    const last = taken[taken.length - 1];
    if (!last && logged.length === 0) return [];
    return [
      {
        split,
        snapshots: taken.length,
        n: last?.n ?? 0,
        of: last?.of ?? 0,
        partial: taken.filter(({ status }) => status === "PARTIAL").length,
        logged: new Set(logged.flatMap(({ steps }) => steps)).size,
      },
    ];
  });
}

/** Snapshots that came in part, a sentence for each layer and split. */
export const partialOf = (run: RunDetail): string[] =>
  run.layers.flatMap(({ name }) =>
    takenOf(run, name).flatMap(({ split, snapshots, partial }) =>
      partial
        ? [`${count(partial)} of ${count(snapshots)} snapshots of ${name} in ${split} are partial.`]
        : [],
    ),
  );
