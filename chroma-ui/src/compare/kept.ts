/** A column that only the compare view has: the share of neighbours that a sample keeps in the other film. */
import { useCallback } from "react";
import type { Column, SnapshotKey } from "../api/bytes";
import { fetchOverlap } from "../api/bytes";
import { keyAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { useLoaded } from "../lib/useLoaded";

export const KEPT: Column = {
  name: "compare:kept",
  title: "Neighbours kept in the other film",
  group: "Neighbours and layout",
  kind: "NUMERIC",
  perFrame: true,
  drawn: false,
  legend: null,
  note: null,
};

/** The share of neighbours kept, by position in the first split; null while unknown. */
export function useOverlap(
  one: SnapshotKey | null,
  other: SnapshotKey | null,
  anew: string,
): Float32Array | null {
  const pair = one && other ? JSON.stringify([one, other]) : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched again once a film is drawn
  const load = useCallback(async () => {
    if (pair === null) return null;
    const [one, other] = JSON.parse(pair) as [SnapshotKey, SnapshotKey];
    return fetchOverlap(one, other);
  }, [pair, anew]);
  return useLoaded(load);
}

/** The frame, coloured by the share of neighbours kept; by nothing while it is unknown. */
export function colouredByKept(shown: ShownFrame, overlap: Float32Array | null): ShownFrame {
  const values = Float32Array.from({ length: shown.points.n }, (_, index) => {
    return overlap?.[keyAt(shown, index)] ?? Number.NaN;
  });
  return {
    ...shown,
    colourName: KEPT.name,
    colourTitle: KEPT.title,
    colour: { kind: "numeric", values },
    range: [0, 1],
    spread: new Float32Array(0),
  };
}

export const snapshotKey = (
  live: {
    run: { id: string } | null;
    layer: { name: string } | null;
    split: { name: string } | null;
  } | null,
  step: number | null,
): SnapshotKey | null =>
  live?.run && live.layer && live.split && step !== null
    ? { run: live.run.id, layer: live.layer.name, split: live.split.name, step }
    : null;
