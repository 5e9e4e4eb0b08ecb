import { useMemo } from "react";
import { useSample } from "../inspector/useSample";
import type { ShownFrame } from "../scatter/useShownFrame";
import { useView } from "../state/view";

type Place = { runId: string; split: string };

/** Whose neighbours are shown. Another run's have positions of their own: over runs the first one answers. */
function sourceOf({ film, frame }: ShownFrame): { layer: string; step: number | null } {
  return { layer: frame.layer, step: frame.runId === film.runId ? frame.step : null };
}

/** The sample in focus: where it is in the film, what is known of it, and its neighbours. */
export function useFocus(shown: ShownFrame | null, place: Place | null) {
  const position = useView((view) => view.sample);
  const indexOf = useMemo(() => {
    if (!shown?.position) return (wanted: number) => wanted;
    const places = new Map(Array.from(shown.position.values, (found, i) => [found, i]));
    return (wanted: number) => places.get(wanted) ?? -1;
  }, [shown?.position]);
  const index = shown && position !== null ? indexOf(position) : -1;
  const focused = shown !== null && index >= 0 && index < shown.points.n;
  const { sample, fetching, problem } = useSample(
    shown && place ? { ...place, ...sourceOf(shown) } : null,
    focused ? position : null,
  );
  const focus = useMemo(
    () =>
      focused
        ? {
            index,
            neighbours: (sample?.neighbors ?? [])
              .map((neighbour) => indexOf(neighbour.position))
              .filter((i) => i >= 0),
          }
        : null,
    [focused, index, sample, indexOf],
  );
  return { focus, position, sample, fetching, problem };
}
