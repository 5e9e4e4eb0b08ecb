/** What a canvas shows of a film: a frame with its columns, and how it is drawn. */
import { useMemo } from "react";
import type { Film } from "../api/bytes";
import { useReducedMotion, useShade } from "../lib/useTheme";
import { type FrameChoice, pickFrame } from "../runs/choices";
import type { Style } from "../scatter/types";
import { usePreferences } from "../state/preferences";
import { useView } from "../state/view";
import { glideFor } from "../timeline/usePlayer";
import { composePicture, type Picture } from "./picture";
import { type ShownFrame, useShownFrame } from "./useShownFrame";

/** How long points take to the next frame when a person steps by hand, in ms. */
const STEP_GLIDE_MS = 420;
const NOTHING: never[] = [];

/** A frame of a film, with the column that colours it and the columns of filters that are open or in use. */
export function useFilmFrame(film: Film | null, choice: FrameChoice) {
  const colour = useView((view) => view.colour);
  const filters = useView((view) => view.filters);
  const openFacets = usePreferences((preferences) => preferences.openFacets);
  const frames = film?.revision?.frames ?? NOTHING;
  const index = pickFrame(frames, choice);
  const wanted = useMemo(
    () => [...new Set([...openFacets, ...filters.map(({ column }) => column)])].sort(),
    [openFacets, filters],
  );
  return { frames, index, ...useShownFrame(film, frames[index] ?? null, colour, wanted) };
}

type Drawing = {
  picture: Picture | null;
  style: Style;
  /** How long points take from frame to frame, in ms; 0 jumps. */
  glideMs: number;
};

/** How a frame is drawn, by the view and this person's preferences. */
export function useDrawing(shown: ShownFrame | null, classNames: readonly string[] = NOTHING): Drawing {
  const appearance = useView((view) => view.appearance);
  const hidden = useView((view) => view.hidden);
  const filters = useView((view) => view.filters);
  const playing = useView((view) => view.playing);
  const speed = usePreferences((preferences) => preferences.speed);
  const shade = useShade();
  const still = useReducedMotion();
  const { safe } = appearance;
  const picture = useMemo(
    () => (shown ? composePicture(shown, { shade, safe, classNames, hidden, filters }) : null),
    [shown, shade, safe, classNames, hidden, filters],
  );
  return {
    picture,
    style: { shade, ...appearance },
    glideMs: still ? 0 : playing ? glideFor(speed) : STEP_GLIDE_MS,
  };
}
