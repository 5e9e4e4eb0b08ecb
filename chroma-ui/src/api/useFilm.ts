import { useCallback, useEffect, useState } from "react";
import { useClient } from "urql";
import { notify } from "../state/notices";
import type { Film } from "./bytes";
import { askFresh } from "./fresh";
import {
  CancelFilmDocument,
  FilmDocument,
  RefineFilmDocument,
  RequestFilmDocument,
  type RequestFilmMutationVariables,
} from "./gql/graphql";

export type FilmRequest = RequestFilmMutationVariables;

/** `sent`: when its question was; answers that come in another order than their questions are not believed. */
type Answer = { film: Film | null; problem: string | null; of: string; sent: number };

let questions = 0;

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

const nameOf = (request: FilmRequest | null) => (request ? JSON.stringify(request) : "");

/** Asks for a film, and keeps it up to date by `refresh` and `ask`. */
export function useFilm(request: FilmRequest | null) {
  const client = useClient();
  const [answer, setAnswer] = useState<Answer>({ film: null, problem: null, of: "", sent: 0 });
  const name = nameOf(request);

  const ask = useCallback(async () => {
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
  /** With `anew`, columns are fetched again even though they are named as before. */
  const refresh = useCallback(
    async (anew = false) => {
      if (filmId === null) return ask();
      // The client joins a question to the same one under way: what was told since would be missed.
      const { sent, result } = await askFresh(filmId, async () => ({
        sent: ++questions,
        result: await client.query(FilmDocument, { id: filmId }, { requestPolicy: "network-only" }),
      }));
      const film = result.data?.film;
      // A server that lost the film makes it again.
      if (result.data && !film) return ask();
      if (!film) return;
      setAnswer((before) => {
        if (before.film?.id !== film.id || sent < before.sent) return before;
        const shared = shareParts(before.film, film);
        return { ...before, film: anew ? { ...shared, columns: film.columns } : shared, problem: null, sent };
      });
    },
    [client, filmId, ask],
  );

  /** Draws all frames together anew, or stops what is being drawn. */
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
    void ask();
  }, [ask]);

  const current = answer.of === name;
  return {
    film: current ? answer.film : null,
    problem: current ? answer.problem : null,
    refresh,
    ask,
    change,
  };
}
