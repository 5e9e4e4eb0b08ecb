import { useMemo } from "react";
import { imageAddress } from "../api/bytes";
import type { Near } from "../inspector/Neighbours";
import { type SampleDetail, useNeighbors, useSample } from "../inspector/useSample";
import { type Told, useTold } from "../inspector/useTold";
import { indexAt } from "../scatter/positions";
import type { ShownFrame } from "../scatter/useShownFrame";
import { useView } from "../state/view";

/** Neighbours as a frame's own run tells of them, by their positions in the film's split. */
function nearIn(told: Told, neighbors: SampleDetail["neighbors"]): Near[] {
  const { runId, split } = told.place;
  return neighbors.map(({ position, ...near }) => ({
    ...near,
    position: told.back(position),
    image: imageAddress(runId, split, position),
  }));
}

/** The sample in focus: where it is in the film, what is known of it, and its neighbours. */
export function useFocus(shown: ShownFrame | null) {
  const position = useView((view) => view.sample);
  const index = shown && position !== null ? indexAt(shown, position) : -1;
  const focused = shown !== null && index >= 0;
  const previous = shown?.revision.frames.find((frame) => frame.index === shown.frame.index - 1) ?? null;
  const told = useTold(shown?.film ?? null, shown?.frame ?? null);
  const toldBefore = useTold(shown?.film ?? null, previous);
  const wanted = focused ? position : null;
  const { sample, fetching, problem } = useSample(
    told?.place ?? null,
    wanted === null ? null : (told?.there(wanted) ?? null),
  );
  const past = useNeighbors(
    toldBefore?.place ?? null,
    wanted === null ? null : (toldBefore?.there(wanted) ?? null),
  );
  const now = useMemo(() => (told && sample ? nearIn(told, sample.neighbors) : null), [told, sample]);
  const before = useMemo(() => (toldBefore && past ? nearIn(toldBefore, past) : null), [toldBefore, past]);
  const focus = useMemo(() => {
    if (!focused) return null;
    const near = (now ?? []).flatMap((each) =>
      each.position === null ? [] : [indexAt(shown, each.position)],
    );
    return { index, neighbours: near.filter((at) => at >= 0) };
  }, [focused, index, now, shown]);
  return { focus, position, sample, now, before, told, fetching, problem };
}
