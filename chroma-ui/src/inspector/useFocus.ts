import { useMemo } from "react";
import { imageAddress } from "../api/bytes";
import { indexAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { useView } from "../state/view";
import type { Near } from "./Neighbours";
import { type FrameSource, useFrameSource } from "./useFrameSource";
import { type Neighbor, type Place, useNeighbors, useSample } from "./useSample";

/** The sample in focus; `focused` is null where the film does not have it. */
/** Neighbours from the frame's own run and the sample's split, with their keys in the film. */
function nearIn(source: FrameSource, { runId, split }: Place, neighbors: readonly Neighbor[]): Near[] {
  return neighbors.map(({ position, ...near }) => ({
    ...near,
    sample: source.back({ split, position }),
    position,
    image: imageAddress(runId, { split, position }),
  }));
}

/** The sample in focus: where it is in the film, what is known of it, and its neighbours. */
export function useFocus(shown: ShownFrame | null) {
  const key = useView((view) => view.sample);
  const index = shown && key !== null ? indexAt(shown, key) : -1;
  const found = shown !== null && index >= 0;
  const previous = shown?.revision.frames.find((frame) => frame.index === shown.frame.index - 1) ?? null;
  const source = useFrameSource(shown?.film ?? null, shown?.frame ?? null);
  const sourceBefore = useFrameSource(shown?.film ?? null, previous);
  const wanted = found ? key : null;
  const place = useMemo(() => (wanted === null ? null : (source?.there(wanted) ?? null)), [source, wanted]);
  const placeBefore = useMemo(
    () => (wanted === null ? null : (sourceBefore?.there(wanted) ?? null)),
    [sourceBefore, wanted],
  );
  const { sample, fetching, problem } = useSample(place, place?.position ?? null);
  const past = useNeighbors(placeBefore, placeBefore?.position ?? null);
  const near = sample?.neighbors ?? null;
  const now = useMemo(
    () => (source && place && near ? nearIn(source, place, near) : null),
    [source, place, near],
  );
  const before = useMemo(
    () => (sourceBefore && placeBefore && past ? nearIn(sourceBefore, placeBefore, past) : null),
    [sourceBefore, placeBefore, past],
  );
  const focused = useMemo(() => {
    if (!found) return null;
    const places = (now ?? []).flatMap((each) => (each.sample === null ? [] : [indexAt(shown, each.sample)]));
    return { index, neighbours: places.filter((at) => at >= 0) };
  }, [found, index, now, shown]);
  return { focused, key, place, sample, now, before, fetching, problem };
}
