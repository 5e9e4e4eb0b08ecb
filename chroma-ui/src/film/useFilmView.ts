/** What a canvas shows of a film: a frame with its columns, and how it is drawn. */
import { useMemo } from "react";
import type { Film } from "../api/bytes";
import { useReducedMotion, useShade } from "../lib/useTheme";
import { type FrameChoice, pickFrame } from "../runs/choices";
import type { Style } from "../scatter/types";
import { usePreferences } from "../state/preferences";
import { useView } from "../state/view";
import { glideFor } from "../timeline/usePlayer";
import { useFound, useWithFound } from "./found";
import { composePicture, type Picture } from "./picture";
import { type ShownFrame, useShownFrame } from "./useShownFrame";

/** How long points take to the next frame when a person steps by hand, in ms. */
const STEP_GLIDE_MS = 420;
const NOTHING: never[] = [];
/** Tags whose samples stand out, of those that a film has. */
const MOST_TAGS = 12;

/** A frame of a film, with the column that colours it and the columns of filters that are open or in use. */
export function useFilmFrame(film: Film | null, choice: FrameChoice) {
  const colour = useView((view) => view.colour);
  const filters = useView((view) => view.filters);
  const openFacets = usePreferences((preferences) => preferences.openFacets);
  const frames = film?.revision?.frames ?? NOTHING;
  const index = pickFrame(frames, choice);
  const columns = film?.columns ?? NOTHING;
  // Tagged samples are rare, and stand out.
  const tags = useMemo(
    () =>
      columns
        .filter(({ name }) => name.startsWith("tag:"))
        .slice(0, MOST_TAGS)
        .map(({ name }) => name),
    [columns],
  );
  const wanted = useMemo(
    () => [...new Set([...openFacets, ...filters.map(({ column }) => column), ...tags])].sort(),
    [openFacets, filters, tags],
  );
  const words = useView((view) => view.search);
  const loaded = useShownFrame(film, frames[index] ?? null, colour, wanted);
  const found = useFound(film, loaded.shown?.frame ?? null, words);
  return { frames, index, ...loaded, found, shown: useWithFound(loaded.shown, found, colour) };
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
  const scale = useView((view) => view.scale);
  const { safe, rare, ground } = appearance;
  const picture = useMemo(
    () =>
      shown ? composePicture(shown, { shade, safe, classNames, hidden, filters, scale, rare, ground }) : null,
    [shown, shade, safe, classNames, hidden, filters, scale, rare, ground],
  );
  return {
    picture,
    style: { shade, ...appearance },
    glideMs: still ? 0 : playing ? glideFor(speed) : STEP_GLIDE_MS,
  };
}
