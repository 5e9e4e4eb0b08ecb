import { useCallback, useEffect, useState } from "react";
import { useClient } from "urql";
import type { Film } from "./bytes";
import { FilmDocument, RequestFilmDocument } from "./gql/graphql";

export type FilmRequest = { runId: string; layer: string; split: string; method: string };

type Answer = { film: Film | null; problem: string | null; of: string };

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
    setAnswer((before) => ({
      film: result.data?.requestFilm ?? (before.of === name ? before.film : null),
      problem,
      of: name,
    }));
  }, [client, name]);

  const filmId = answer.of === name ? (answer.film?.id ?? null) : null;
  const refresh = useCallback(async () => {
    if (filmId === null) return ask();
    const result = await client.query(FilmDocument, { id: filmId }, { requestPolicy: "network-only" });
    const film = result.data?.film;
    if (film)
      setAnswer((before) => (before.film?.id === film.id ? { ...before, film, problem: null } : before));
  }, [client, filmId, ask]);

  useEffect(() => {
    void ask();
  }, [ask]);

  const current = answer.of === name;
  return { film: current ? answer.film : null, problem: current ? answer.problem : null, refresh, ask };
}
