import { useCallback, useEffect, useRef } from "react";
import type { Plot } from "../scatter/plot";
import type { FilmBox } from "../scatter/useShownFrame";
import type { ViewOfPlot } from "../scatter/viewpoint";
import { useView } from "../state/view";

/** A camera that moves is written to the address once it rests. */
const REST_MS = 250;
const HOME = { x: 0, y: 0, zoom: 1 };

/** Keeps where a person moved the camera in the address, and goes where the address says. */
export function useCamera(plot: Plot | null, box: FilmBox | null): (view: ViewOfPlot) => void {
  const camera = useView((view) => view.camera);
  const written = useRef(camera);
  const timer = useRef<number | null>(null);
  // The place is told against the whole film, so it is taken again when more of the film is known.
  useEffect(() => {
    if (plot && box?.box && useView.getState().camera) plot.follow(useView.getState().camera ?? HOME);
  }, [plot, box]);
  useEffect(() => {
    if (!plot || camera === written.current) return;
    written.current = camera;
    plot.follow(camera ?? HOME);
  }, [plot, camera]);
  useEffect(() => () => window.clearTimeout(timer.current ?? undefined), []);
  return useCallback(({ place, led }: ViewOfPlot) => {
    if (!led) return;
    window.clearTimeout(timer.current ?? undefined);
    timer.current = window.setTimeout(() => {
      const { x, y, zoom } = place;
      const home = Math.abs(x) < 1e-3 && Math.abs(y) < 1e-3 && Math.abs(zoom - 1) < 1e-3;
      written.current = home ? null : place;
      useView.setState({ camera: written.current });
    }, REST_MS);
  }, []);
}
