import { useCallback, useMemo } from "react";
import type { ShownFrame } from "../film/useShownFrame";
import type { Points } from "../scatter/encode";
import { laid } from "../scatter/procrustes";
import { useView } from "../state/view";
import { fitOnto } from "./laid";
import type { SampleNumbers } from "./sampleNumbers";
import { useCompare } from "./store";

/** How a pane is laid onto pane A, and how its points are then placed; null where it is not. */
export function useLaid(pane: number, shown: ShownFrame | null, numbers: SampleNumbers | null) {
  const wanted = useView((view) => view.laid) && pane > 0;
  const first = useCompare(({ lives }) => (wanted ? (lives.get(0) ?? null) : null));
  const [firstShown, firstNumbers, box] = [first?.shown, first?.sampleNumbers, first?.box ?? null];
  const laidOnto = useMemo(
    () =>
      shown && numbers && firstShown && firstNumbers
        ? fitOnto({ shown: firstShown, numbers: firstNumbers }, { shown, numbers })
        : null,
    [shown, numbers, firstShown, firstNumbers],
  );
  const similarity = laidOnto?.fit?.similarity ?? null;
  const known = useMemo(() => ({ similarity, points: new WeakMap<Points, Points>() }), [similarity]);
  const place = useCallback(
    (points: Points): Points => {
      if (!known.similarity) return points;
      const before = known.points.get(points);
      if (before) return before;
      const moved = laid(points, known.similarity);
      known.points.set(points, moved);
      return moved;
    },
    [known],
  );
  return { laidOnto, place, box: similarity ? box : null };
}
