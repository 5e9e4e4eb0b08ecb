import { useMemo } from "react";
import { useSample } from "../inspector/useSample";
import type { ShownFrame } from "../scatter/useShownFrame";
import { useView } from "../state/view";

const stepBefore = ({ revision, frame }: ShownFrame): number | null =>
  revision.frames.find(({ index }) => index === frame.index - 1)?.step ?? null;

type Place = { runId: string; split: string; layer: string };

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
    shown && place ? { ...place, step: shown.frame.step, before: stepBefore(shown) } : null,
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
