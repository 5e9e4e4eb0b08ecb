import { useCallback, useEffect, useRef } from "react";
import type { Plot } from "../scatter/plot";
import type { Place, ViewOfPlot } from "../scatter/viewpoint";
import { isHome } from "../state/place";
import { useView, type ViewState } from "../state/view";
import type { FilmBox } from "./useShownFrame";

/** A camera that moves is written to the view once it has rested this long. */
const REST_MS = 250;
const HOME = { x: 0, y: 0, zoom: 1 };

/**
 * Keeps a plot's camera and the view in step: follows the view (null sees the whole film), and writes to it where a
 * person has moved the camera. It subscribes to the view, so the component that calls it does not render on a move.
 *
 * @param cameraOf Reads this plot's camera from the view. It may change from render to render.
 * @param onRest Writes the camera to the view.
 */
export function useCamera(
  plot: Plot | null,
  box: FilmBox | null,
  cameraOf: (view: ViewState) => Place | null,
  onRest: (camera: Place | null) => void,
): (view: ViewOfPlot) => void {
  const latest = useRef({ cameraOf, onRest });
  latest.current = { cameraOf, onRest };
  const written = useRef<Place | null | undefined>(undefined);
  if (written.current === undefined) written.current = cameraOf(useView.getState());
  const timer = useRef<number | null>(null);
  // A camera is relative to the whole film: it is applied anew to another film, and read anew from a film that grew.
  useEffect(() => {
    const camera = latest.current.cameraOf(useView.getState());
    if (!plot || !box?.box || !camera) return;
    if (box.moves) plot.follow(camera);
    else {
      written.current = plot.place();
      latest.current.onRest(written.current);
    }
  }, [plot, box]);
  useEffect(() => {
    if (!plot) return;
    const follow = (view: ViewState) => {
      const camera = latest.current.cameraOf(view);
      if (camera === written.current) return;
      written.current = camera;
      plot.follow(camera ?? HOME);
    };
    follow(useView.getState());
    return useView.subscribe(follow);
  }, [plot]);
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
