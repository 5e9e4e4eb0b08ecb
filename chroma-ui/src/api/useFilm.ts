import { useCallback, useEffect, useState } from "react";
import { useClient } from "urql";
import type { Film } from "./bytes";
import { FilmDocument, RequestFilmDocument } from "./gql/graphql";

export type FilmRequest = { runId: string; layer: string; split: string; method: string };

type Answer = { film: Film | null; problem: string | null; of: string };

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The newer film, made of the parts already known where they did not change: nothing is drawn twice. */
export function shareParts(before: Film | null, next: Film): Film {
  if (before?.id !== next.id) return next;
  const known = new Map(before.revision?.frames.map((frame) => [frame.digest, frame]));
  const frames = next.revision?.frames.map((frame) => {
    const old = known.get(frame.digest);
    return old && same(old, frame) ? old : frame;
  });
  const revision = next.revision && frames ? { ...next.revision, frames } : null;
  return {
    ...next,
    revision: same(before.revision, revision) ? before.revision : revision,
    columns: same(before.columns, next.columns) ? before.columns : next.columns,
  };
}

const nameOf = (request: FilmRequest | null) =>
  request ? JSON.stringify([request.runId, request.layer, request.split, request.method]) : "";

/** Asks for the film of a layer and split, and keeps it up to date by `refresh` and `request`. */
export function useFilm(request: FilmRequest | null) {
  const client = useClient();
  const [answer, setAnswer] = useState<Answer>({ film: null, problem: null, of: "" });
  const name = nameOf(request);

  const ask = useCallback(async () => {
    if (!name) return;
    const [runId, layer, split, method] = JSON.parse(name) as string[];
    const result = await client.mutation(RequestFilmDocument, { runId, layer, split, method });
    const problem = result.error ? (result.error.graphQLErrors[0]?.message ?? null) : null;
    setAnswer((before) => {
      const known = before.of === name ? before.film : null;
      const next = result.data?.requestFilm;
      return { film: next ? shareParts(known, next) : known, problem, of: name };
    });
  }, [client, name]);

  const filmId = answer.of === name ? (answer.film?.id ?? null) : null;
  /** With `anew`, columns are fetched again even though they are named as before. */
  const refresh = useCallback(
    async (anew = false) => {
      if (filmId === null) return ask();
      const result = await client.query(FilmDocument, { id: filmId }, { requestPolicy: "network-only" });
      const film = result.data?.film;
      // A server that lost the film makes it again.
      if (result.data && !film) return ask();
      if (!film) return;
      setAnswer((before) => {
        if (before.film?.id !== film.id) return before;
        const shared = shareParts(before.film, film);
        return { ...before, film: anew ? { ...shared, columns: film.columns } : shared, problem: null };
      });
    },
    [client, filmId, ask],
  );

  useEffect(() => {
    void ask();
  }, [ask]);

  const current = answer.of === name;
  return { film: current ? answer.film : null, problem: current ? answer.problem : null, refresh, ask };
}
