import { useCallback, useMemo } from "react";
import { type Place as SamplePlace, useSample } from "../inspector/useSample";
import type { ShownFrame } from "../scatter/useShownFrame";
import { useView } from "../state/view";

/** Where a position stands among those of a film, which ascend; -1 where it does not. */
export function placeOf(places: Float32Array, wanted: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return places[low] === wanted ? low : -1;
}

type Place = { runId: string; split: string };

/** Whose neighbours are shown. Another run's have positions of their own: over runs the first one answers. */
function sourceOf({ film, revision, frame }: ShownFrame): Omit<SamplePlace, "runId" | "split"> {
  const before = revision.frames.find(({ index }) => index === frame.index - 1);
  const ours = frame.runId === film.runId;
  return {
    layer: frame.layer,
    step: ours ? frame.step : null,
    before: before && ours && before.runId === film.runId ? { layer: before.layer, step: before.step } : null,
  };
}

/** The sample in focus: where it is in the film, what is known of it, and its neighbours. */
export function useFocus(shown: ShownFrame | null, place: Place | null) {
  const position = useView((view) => view.sample);
  const places = shown?.position?.values;
  const indexOf = useCallback((wanted: number) => (places ? placeOf(places, wanted) : wanted), [places]);
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
