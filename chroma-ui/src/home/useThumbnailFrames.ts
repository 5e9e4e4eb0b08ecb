import { useCallback, useEffect, useState } from "react";
import { useQuery } from "urql";
import { type CategoricalColumn, fetchColumn, fetchFrame } from "../api/bytes";
import { CardFramesDocument } from "../api/gql/graphql";
import { useLoaded } from "../lib/useLoaded";
import { type Points, placed } from "../scatter/encode";
import type { HomeRun } from "./order";

export type CardFilm = NonNullable<HomeRun["cardFilm"]>;

export type ThumbnailFrames = { frames: Points[]; step: number; label: CategoricalColumn | null };

/** Only the last frame is fetched of films larger than this. */
const MOST_BYTES = 8 * 1024 * 1024;

/** The last frame of a film once it is `seen`; all of them once `wanted`, where the film is small. */
export function useThumbnailFrames(card: CardFilm, seen: boolean, wanted: boolean): ThumbnailFrames | null {
  // Asked for by card: to find the columns of a film the server reads the run's files.
  const [{ data }, refetch] = useQuery({
    query: CardFramesDocument,
    variables: { id: card.id },
    pause: !seen,
  });
  const film = data?.film ?? null;
  // A film that is being drawn gains frames: the card tells of them first.
  const told = drawing(card.revision, card.frames);
  const here = film && drawing(film.revision?.id ?? null, film.revision?.frames.length ?? 0);
  useEffect(() => {
    if (seen && here !== null && here !== told) refetch({ requestPolicy: "network-only" });
  }, [seen, here, told, refetch]);
  const [whole, setWhole] = useState(false);
  if (wanted && !whole) setWhole(true);
  const load = useCallback(async (): Promise<ThumbnailFrames | null> => {
    const revision = film?.revision;
    const last = revision?.frames[revision.frames.length - 1];
    if (!film || !revision || !last) return null;
    const small = revision.frames.length * film.n * 4 <= MOST_BYTES;
    const column = film.columns.find(({ name }) => name === "label");
    const [label, ...raw] = await Promise.all([
      column ? fetchColumn(film, column, last) : null,
      ...(whole && small ? revision.frames : [last]).map((frame) => fetchFrame(film, revision, frame)),
    ]);
    return {
      frames: raw.map((frame) => placed(frame, revision, revision)),
      step: last.step,
      label: label?.kind === "categorical" ? label : null,
    };
  }, [film, whole]);
  return useLoaded(load, true);
}

const drawing = (revision: string | null, frames: number): string => `${revision} ${frames}`;
