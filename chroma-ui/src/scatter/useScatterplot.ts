import { type RefObject, useEffect, useRef, useState } from "react";
import { createPlot, type Plot, type PlotEvents } from "./plot";
import type { Style } from "./types";

/** Creates a plot and its canvas in the container, and destroys both with the component. */
export function useScatterplot(
  container: RefObject<HTMLElement | null>,
  style: Style,
  events: PlotEvents,
): Plot | null {
  const [plot, setPlot] = useState<Plot | null>(null);
  const latestEvents = useRef(events);
  latestEvents.current = events;
  const firstStyle = useRef(style);

  useEffect(() => {
    if (!container.current) return;
    const made = createPlot(
      container.current,
      { ...firstStyle.current },
      {
        onHover: (index) => latestEvents.current.onHover(index),
        onClick: (index) => latestEvents.current.onClick(index),
        onView: (view) => latestEvents.current.onView(view),
        onSelect: (indices, manner) => latestEvents.current.onSelect(indices, manner),
        onContours: (contoured) => latestEvents.current.onContours(contoured),
      },
    );
    setPlot(made);
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(container.current);
    return () => {
      observer.disconnect();
      made.destroy();
      setPlot(null);
    };
  }, [container]);

  const { shade, size, opacity, labels, contours } = style;
  useEffect(() => {
    plot?.setStyle({ shade, size, opacity, labels, contours });
  }, [plot, shade, size, opacity, labels, contours]);

  return plot;
}
