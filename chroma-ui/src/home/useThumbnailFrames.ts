import { useCallback, useState } from "react";
import { type CategoricalColumn, type Film, fetchColumn, fetchFrame } from "../api/bytes";
import { useLoaded } from "../lib/useLoaded";
import { type Points, placed } from "../scatter/encode";

export type ThumbnailFrames = { frames: Points[]; label: CategoricalColumn | null };

/** Only the last frame is fetched of films larger than this. */
const MOST_BYTES = 8 * 1024 * 1024;

/** The last frame of a film; all of them once `wanted`, where the film is small. */
export function useThumbnailFrames(film: Film, wanted: boolean): ThumbnailFrames | null {
  const [whole, setWhole] = useState(false);
  if (wanted && !whole) setWhole(true);
  const load = useCallback(async (): Promise<ThumbnailFrames | null> => {
    const { revision } = film;
    const last = revision?.frames[revision.frames.length - 1];
    if (!revision || !last) return null;
    const small = revision.frames.length * film.n * 4 <= MOST_BYTES;
    const column = film.columns.find(({ name }) => name === "label");
    const [label, ...raw] = await Promise.all([
      column ? fetchColumn(film, column, last) : null,
      ...(whole && small ? revision.frames : [last]).map((frame) => fetchFrame(film, revision, frame)),
    ]);
    return {
      frames: raw.map((frame) => placed(frame, revision, revision)),
      label: label?.kind === "categorical" ? label : null,
    };
  }, [film, whole]);
  return useLoaded(load);
}
