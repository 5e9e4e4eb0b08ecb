import { useEffect, useRef } from "react";
import { useView } from "../state/view";
import { useCompareStore } from "./store";
import { measureOf, placeIn } from "./time";

/** Moves a pane's points while the shared slider is dragged, between the pane's own frames. */
export function useDragged(pane: number, scrubTo: (at: number | null) => void): void {
  const store = useCompareStore();
  const latest = useRef(scrubTo);
  latest.current = scrubTo;
  useEffect(
    () =>
      store.subscribe(({ drag, lives }, before) => {
        if (drag === before.drag) return;
        if (!drag) {
          latest.current(null);
          return;
        }
        const framesOf = (at: number) => lives.get(at)?.frames ?? [];
        const films = useView.getState().panes.map((_, at) => framesOf(at));
        const measure = measureOf(films.filter((frames) => frames.length));
        latest.current(placeIn(framesOf(drag.pane), drag.at, framesOf(pane), measure));
      }),
    [store, pane],
  );
}
