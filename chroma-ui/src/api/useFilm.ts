import { useCallback, useEffect, useState } from "react";
import { useClient } from "urql";
import { notify } from "../state/notices";
import type { Film } from "./bytes";
import { requestFresh } from "./fresh";
import {
  CancelFilmDocument,
  FilmDocument,
  RefineFilmDocument,
  RequestFilmDocument,
  type RequestFilmMutationVariables,
} from "./gql/graphql";

export type FilmRequest = RequestFilmMutationVariables;

/** `sent` is the number of its request: an answer that overtakes a newer one is ignored. */
type Answer = { film: Film | null; problem: string | null; of: string; sent: number };

let questions = 0;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The newer film, reusing the previous film's parts where they did not change, so that nothing is drawn twice. */
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

const nameOf = (request: FilmRequest | null) => (request ? JSON.stringify(request) : "");

/** Requests a film; `refresh` and `requestAgain` keep it up to date. */
export function useFilm(request: FilmRequest | null) {
  const client = useClient();
  const [answer, setAnswer] = useState<Answer>({ film: null, problem: null, of: "", sent: 0 });
  const name = nameOf(request);

  const requestAgain = useCallback(async () => {
    if (!name) return;
    const sent = ++questions;
    const result = await client.mutation(RequestFilmDocument, JSON.parse(name) as FilmRequest);
    const problem = result.error ? (result.error.graphQLErrors[0]?.message ?? null) : null;
    setAnswer((before) => {
      if (sent < before.sent) return before;
      const known = before.of === name ? before.film : null;
      const next = result.data?.requestFilm;
      return { film: next ? shareParts(known, next) : known, problem, of: name, sent };
    });
  }, [client, name]);

  const filmId = answer.of === name ? (answer.film?.id ?? null) : null;
  /** With `anew`, columns of the same names are fetched again. */
  const refresh = useCallback(
    async (anew = false) => {
      if (filmId === null) return requestAgain();
      // The client merges equal requests, so an answer could be older than the event that caused this one.
      const { sent, result } = await requestFresh(filmId, async () => ({
        sent: ++questions,
        result: await client.query(FilmDocument, { id: filmId }, { requestPolicy: "network-only" }),
      }));
      const film = result.data?.film;
      // A server that lost the film computes it again.
      if (result.data && !film) return requestAgain();
      if (!film) return;
      setAnswer((before) => {
        if (before.film?.id !== film.id || sent < before.sent) return before;
        const shared = shareParts(before.film, film);
        return { ...before, film: anew ? { ...shared, columns: film.columns } : shared, problem: null, sent };
      });
    },
    [client, filmId, requestAgain],
  );

  /** Computes all frames together again, or stops the computation. */
  const change = useCallback(
    async (what: "refine" | "cancel") => {
      if (filmId === null) return;
      const document = what === "refine" ? RefineFilmDocument : CancelFilmDocument;
      const { error } = await client.mutation<unknown, { id: string }>(document, { id: filmId });
      if (error) notify(`The film was not ${what === "refine" ? "refined" : "stopped"}: ${error.message}`);
      await refresh();
    },
    [client, filmId, refresh],
  );

  useEffect(() => {
    void requestAgain();
  }, [requestAgain]);

  const current = answer.of === name;
  return {
    film: current ? answer.film : null,
    problem: current ? answer.problem : null,
    refresh,
    requestAgain,
    change,
  };
}
