import { useCallback, useState } from "react";
import { useQuery } from "urql";
import { type CategoricalColumn, fetchColumn, fetchFrame } from "../api/bytes";
import { FilmColumnsDocument } from "../api/gql/graphql";
import { useLoaded } from "../lib/useLoaded";
import { type Points, placed } from "../scatter/encode";
import type { HomeRun } from "./order";

export type CardFilm = HomeRun["films"][number];

export type ThumbnailFrames = { frames: Points[]; label: CategoricalColumn | null };

/** Only the last frame is fetched of films larger than this. */
const MOST_BYTES = 8 * 1024 * 1024;

/** The last frame of a film once it is `seen`; all of them once `wanted`, where the film is small. */
export function useThumbnailFrames(film: CardFilm, seen: boolean, wanted: boolean): ThumbnailFrames | null {
  // Asked for by card: to find the columns of a film the server reads the run's files.
  const [{ data, fetching }] = useQuery({
    query: FilmColumnsDocument,
    variables: { id: film.id },
    pause: !seen,
  });
  const column = data?.film?.columns.find(({ name }) => name === "label") ?? null;
  const ready = seen && !fetching;
  const [whole, setWhole] = useState(false);
  if (wanted && !whole) setWhole(true);
  const load = useCallback(async (): Promise<ThumbnailFrames | null> => {
    const { revision } = film;
    const last = revision?.frames[revision.frames.length - 1];
    if (!revision || !last || !ready) return null;
    const small = revision.frames.length * film.n * 4 <= MOST_BYTES;
    const [label, ...raw] = await Promise.all([
      column ? fetchColumn(film, column, last) : null,
      ...(whole && small ? revision.frames : [last]).map((frame) => fetchFrame(film, revision, frame)),
    ]);
    return {
      frames: raw.map((frame) => placed(frame, revision, revision)),
      label: label?.kind === "categorical" ? label : null,
    };
  }, [film, column, ready, whole]);
  return useLoaded(load, true);
}
