import { useMemo } from "react";
import { imageAddress } from "../api/bytes";
import { indexAt } from "../film/positions";
import type { ShownFrame } from "../film/useShownFrame";
import { useView } from "../state/view";
import type { Near } from "./Neighbours";
import { type FrameSource, useFrameSource } from "./useFrameSource";
import { type Neighbor, useNeighbors, useSample } from "./useSample";

/** The sample in focus; `focused` is null where the film does not have it. */
export type Focus = ReturnType<typeof useFocus>;

/** Neighbours from the frame's own run, with their positions in the film's split. */
function nearIn(source: FrameSource, neighbors: readonly Neighbor[]): Near[] {
  const { runId, split } = source.place;
  return neighbors.map(({ position, ...near }) => ({
    ...near,
    position: source.back(position),
    image: imageAddress(runId, split, position),
  }));
}

/** The sample in focus: where it is in the film, what is known of it, and its neighbours. */
export function useFocus(shown: ShownFrame | null) {
  const position = useView((view) => view.sample);
  const index = shown && position !== null ? indexAt(shown, position) : -1;
  const found = shown !== null && index >= 0;
  const previous = shown?.revision.frames.find((frame) => frame.index === shown.frame.index - 1) ?? null;
  const source = useFrameSource(shown?.film ?? null, shown?.frame ?? null);
  const sourceBefore = useFrameSource(shown?.film ?? null, previous);
  const wanted = found ? position : null;
  const { sample, fetching, problem } = useSample(
    source?.place ?? null,
    wanted === null ? null : (source?.there(wanted) ?? null),
  );
  const past = useNeighbors(
    sourceBefore?.place ?? null,
    wanted === null ? null : (sourceBefore?.there(wanted) ?? null),
  );
  const near = sample?.neighbors ?? null;
  const now = useMemo(() => (source && near ? nearIn(source, near) : null), [source, near]);
  const before = useMemo(
    () => (sourceBefore && past ? nearIn(sourceBefore, past) : null),
    [sourceBefore, past],
  );
  const focused = useMemo(() => {
    if (!found) return null;
    const places = (now ?? []).flatMap((each) =>
      each.position === null ? [] : [indexAt(shown, each.position)],
    );
    return { index, neighbours: places.filter((at) => at >= 0) };
  }, [found, index, now, shown]);
  return { focused, position, sample, now, before, source, fetching, problem };
}
