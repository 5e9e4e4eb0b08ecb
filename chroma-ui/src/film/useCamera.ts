import { useCallback, useEffect, useRef } from "react";
import type { Plot } from "../scatter/plot";
import type { Place, ViewOfPlot } from "../scatter/viewpoint";
import { isHome } from "../state/place";
import type { FilmBox } from "./useShownFrame";

/** A camera that moves is written down once it rests. */
const REST_MS = 250;
const HOME = { x: 0, y: 0, zoom: 1 };

/** Goes where `camera` says (null sees the whole film), and tells where a person has moved to. */
export function useCamera(
  plot: Plot | null,
  box: FilmBox | null,
  camera: Place | null,
  onRest: (camera: Place | null) => void,
): (view: ViewOfPlot) => void {
  const latest = useRef({ camera, onRest });
  latest.current = { camera, onRest };
  const written = useRef(camera);
  const timer = useRef<number | null>(null);
  // The place is told against the whole film: another film is gone to anew, from a grown one it reads anew.
  useEffect(() => {
    if (!plot || !box?.box || !latest.current.camera) return;
    if (box.moves) plot.follow(latest.current.camera);
    else {
      written.current = plot.place();
      latest.current.onRest(written.current);
    }
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
      written.current = isHome(place) ? null : place;
      latest.current.onRest(written.current);
    }, REST_MS);
  }, []);
}
