import { useCallback, useMemo } from "react";
import { fetchMatches } from "../api/bytes";
import type { ShownFrame } from "../film/useShownFrame";
import { useLoaded } from "../lib/useLoaded";
import { type SampleNumbers, sampleNumbersOf } from "./sampleNumbers";
import { useCompare } from "./store";
import type { PaneFilm } from "./usePane";

/** Size of each pane's own range of numbers, for samples that the first pane's split does not have. */
const BASE = 1 << 27;

/** The numbers of a pane's points: the same sample has the same number in all panes. */
export function useSampleNumbers(pane: number, { run, split }: PaneFilm, shown: ShownFrame | null) {
  const first = useCompare(({ lives }) => lives.get(0) ?? null);
  const own = run && split ? JSON.stringify({ run: run.id, split: split.name }) : null;
  const other =
    first?.run && first.split ? JSON.stringify({ run: first.run.id, split: first.split.name }) : null;
  const alike = pane === 0 || own === other;
  const n = split?.n ?? 0;
  const load = useCallback(
    async () =>
      own === null || other === null || alike ? null : fetchMatches(JSON.parse(own), JSON.parse(other), n),
    [own, other, alike, n],
  );
  const match = useLoaded(load);
  const points = shown?.points.n ?? null;
  const keys = shown?.keys ?? null;
  return useMemo((): SampleNumbers | null => {
    if (points === null || (!alike && match === null)) return null;
    const positionOf = (index: number) => keys?.[index] ?? index;
    return sampleNumbersOf(points, positionOf, alike ? null : match, BASE * pane);
  }, [points, keys, alike, match, pane]);
}
